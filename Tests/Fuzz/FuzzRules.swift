@testable import HTTPTransport
@testable import HTTPWire

/// However frames are cut they read the same; a header reads back as it was written.
func fuzzWebSocket(_ input: UnsafeRawBufferPointer) {
    let ways = waysToCut(input).map { pieces in
        var boundary = FrameBoundary()
        for piece in pieces { boundary.pass(piece) }
        return (read(frames: pieces), boundary.farewell)
    }
    for way in ways {
        demand(way.0 == ways[0].0, "frames read differently when they are cut: \(way.0) and \(ways[0].0)")
        demand(way.1 == ways[0].1, "the boundary of frames depends on the cut")
    }
    for case .frame(let frame, let payload) in ways[0].0 {
        demand(Int64(payload.count) <= frame.payloadLength, "a payload longer than announced")
        var wire: [UInt8] = []
        frame.writeHeader(into: &wire)
        demand(wire.withUnsafeBytes { read(frames: [$0]) } == [.frame(frame, [])], "another header than was written")
    }
}

private enum FrameSaid: Equatable {
    case frame(WebSocketFrame, [UInt8])
    case error(WebSocketError)
}

private func read(frames pieces: [UnsafeRawBufferPointer]) -> [FrameSaid] {
    var reader = WebSocketFrameReader()
    var said: [FrameSaid] = []
    for piece in pieces {
        var position = 0
        do throws(WebSocketError) {
            reading: while true {
                switch try reader.next(in: piece, at: &position) {
                case .needMore: break reading
                case .frame(let frame): said.append(.frame(frame, []))
                case .payload(let range):
                    guard case .frame(let frame, let before)? = said.popLast() else {
                        fatalError("a payload of nothing")
                    }
                    said.append(.frame(frame, before + piece[range]))
                }
            }
        } catch {
            return said + [.error(error)]
        }
    }
    return said
}

/// Whatever is taken for a name has only what names are made of, and reads back as it is written.
func fuzzHostnames(_ input: UnsafeRawBufferPointer) {
    if let authority = Authority.parse(input) {
        demand(Authority(authority.description) == authority, "another authority: \(authority)")
        demand(
            authority.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/@?#\\%,;*".utf8.contains($0) }, "a bad host")
        if let port = authority.port { demand((1...65535).contains(port), "a bad port") }
    }
    if let slug = Slug(input) {
        demand(Slug(slug.description) == slug && slug.description.utf8.count == input.count, "another slug: \(slug)")
        demand(Hostname.isValid(slug.description), "a slug that is no label")
    }
    if let label = LabLabel(input) {
        let text = label.port.map { "\($0)--\(label.slug)" } ?? label.slug.description
        demand(Array(text.utf8).withUnsafeBytes { LabLabel($0) } == label, "another label: \(text)")
    }
    if let domain = LabsDomain("labs.example"), let range = domain.label(of: input) {
        demand(range == 0..<input.count - ".labs.example".utf8.count, "a label at the wrong place")
        demand(!input[range].contains(UInt8(ascii: ".")), "two labels")
    }
}

/// Our cookie never passes, and a lab's cookie never gets a domain.
func fuzzCookies(_ input: UnsafeRawBufferPointer) {
    let value = input.filter { $0 >= 0x20 && $0 != 0x7F }
    value.withUnsafeBytes { bytes in
        var written: [UInt8] = []
        written.appendCookies(bytes, withoutPrefix: "__Host-carrel")
        written.withUnsafeBytes { demand(!$0.hasCookie(withPrefix: "__Host-carrel"), "our cookie was written") }
        demand(written.isEmpty || written.suffix(2) == [13, 10], "a field without its end")
        demand(written.dropLast(2).allSatisfy { $0 != 13 && $0 != 10 }, "a line end within a cookie")
        if let narrowed = SetCookieRules.withoutDomain(bytes) {
            let again = narrowed.withUnsafeBytes { SetCookieRules.withoutDomain($0) }
            demand(again == nil, "a Domain is left in \(String(decoding: narrowed, as: UTF8.self))")
            let (before, after) = (
                Array(SetCookieRules.name(of: bytes)), narrowed.withUnsafeBytes { Array(SetCookieRules.name(of: $0)) }
            )
            demand(before == after, "another cookie")
        }
    }
}

/// What is decoded holds neither NUL nor what is no UTF-8, and no segment leads upwards.
func fuzzURLs(_ input: UnsafeRawBufferPointer) {
    for plusIsSpace in [true, false] {
        guard let text = URLDecoding.decode(input, plusIsSpace: plusIsSpace) else { continue }
        demand(!text.utf8.contains(0), "NUL")
        let encoded = text.utf8.flatMap { Array("%\($0 < 16 ? "0" : "")\(String($0, radix: 16))".utf8) }
        demand(URLDecoding.decode(encoded, plusIsSpace: plusIsSpace) == text, "another text: \(text)")
    }
    if let segments = URLDecoding.segments(Array(input)) {
        demand(!segments.contains("..") && !segments.contains("."), "a way upwards")
    }
    if let fields = URLDecoding.fields(input) {
        demand(fields.count <= TransportLimits.formFields, "more fields than the limit")
    }
}
