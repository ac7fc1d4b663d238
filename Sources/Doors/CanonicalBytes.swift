/// The bytes to be signed: a purpose and fields, each prefixed with its length, so that no two lists of fields have the
/// same encoding and a signature made for one purpose is not valid for another.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(purpose: String) { append(purpose) }

    mutating func append(_ field: String) { append(Array(field.utf8)) }

    mutating func append(_ field: [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: field.count >> shift)) }
        bytes += field
    }
}
