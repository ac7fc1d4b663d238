/// Writes a tar archive in the `ustar` format (POSIX.1-1988): regular files only, owned by root, without times, so that
/// the output is reproducible.
struct TapeArchive {
    private static let blockSize = 512
    private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - name: at most 99 bytes of ASCII.
    ///   - mode: permission bits.
    mutating func add(_ name: String, mode: Int, _ contents: [UInt8]) {
        precondition(name.utf8.count < 100, "the name does not fit into a header")
        var header: [UInt8] = []
        func field(_ text: String, size: Int) {
            header += Array(text.utf8) + [UInt8](repeating: 0, count: size - text.utf8.count)
        }
        func number(_ value: Int, size: Int) {
            let digits = String(value, radix: 8)
            field(String(repeating: "0", count: size - 1 - digits.count) + digits, size: size)
        }
        field(name, size: 100)
        number(mode, size: 8)
        number(0, size: 8)
        number(0, size: 8)
        number(contents.count, size: 12)
        number(0, size: 12)
        // The checksum is computed with spaces in its own field.
        let checksum = header.count
        field("        ", size: 8)
        field("0", size: 1)
        field("", size: 100)
        field("ustar", size: 6)
        field("00", size: 2)
        header += [UInt8](repeating: 0, count: Self.blockSize - header.count)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        let digits = String(repeating: "0", count: 6 - sum.count) + sum
        header.replaceSubrange(checksum..<checksum + 8, with: Array(digits.utf8) + [0, UInt8(ascii: " ")])
        bytes += header + contents
        let rest = contents.count % Self.blockSize
        if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.blockSize - rest) }
    }

    /// The complete archive, terminated by two empty blocks.
    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Self.blockSize) }
}
