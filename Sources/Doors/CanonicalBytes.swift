/// The bytes to be signed: a purpose and fields, each prefixed with its length, so that no two lists of fields have the
/// same encoding and a signature made for one purpose is not valid for another.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(purpose: String) { append(purpose) }

    mutating func append(_ field: String) {
        let utf8 = Array(field.utf8)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: utf8.count >> shift)) }
        bytes += utf8
    }

    /// Decodes the fields after the purpose; `nil` unless this type produced the bytes for that purpose.
    static func fields(of bytes: some Collection<UInt8>, purpose: String) -> [String]? {
        var rest = Array(bytes)[...]
        var fields: [String] = []
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count, let field = String(validating: rest.prefix(length), as: UTF8.self) else {
                return nil
            }
            fields.append(field)
            rest = rest.dropFirst(length)
        }
        return fields.first == purpose ? Array(fields.dropFirst()) : nil
    }
}
