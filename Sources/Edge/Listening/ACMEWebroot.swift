import Glibc

/// The files of ACME's HTTP-01 challenges, as an ACME client puts them under its webroot.
struct ACMEWebroot: Sendable {
    /// Bytes of one answer; a key authorization has about 90.
    static let fileBytes = 4096
    static let pathPrefix: StaticString = "/.well-known/acme-challenge/"
    /// Bytes of a token; certificate authorities use 43.
    static let tokenBytes = 128

    let directory: String

    /// The token in a challenge's path: base64url characters only, so that it can only name a file of the directory.
    static func token(in path: ArraySlice<UInt8>) -> String? {
        guard path.hasPrefix(pathPrefix) else { return nil }
        let token = path.dropFirst(pathPrefix.utf8CodeUnitCount)
        let isToken = token.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                || $0 == 0x5F
        }
        guard isToken, !token.isEmpty, token.count <= tokenBytes else { return nil }
        return String(decoding: token, as: UTF8.self)
    }

    /// The answer to a challenge; `nil` if there is none. The file is small and rarely read, so it may be read on the
    /// loop.
    func answer(to token: String) -> [UInt8]? {
        // Follows no symbolic link, and does not block on a FIFO.
        let file = open("\(directory)\(Self.pathPrefix)\(token)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= Self.fileBytes else {
            return nil
        }
        let content = [UInt8](unsafeUninitializedCapacity: Self.fileBytes) { room, count in
            count = max(0, read(file, room.baseAddress, room.count))
        }
        return content.isEmpty ? nil : content
    }
}
