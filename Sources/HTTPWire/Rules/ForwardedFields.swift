/// How a forwarding writer treats one field of a message.
public enum FieldVerdict: Sendable {
    /// Forwarded unchanged.
    case keep
    case drop
    /// Replaced by the writer's own text.
    case rewrite
}

extension HeaderFields {
    /// Writes the fields for the next hop, in order, without hop-by-hop fields and without those that frame the body,
    /// which is framed anew. Runs of unchanged fields are copied in one piece, and nothing is allocated except space in
    /// `output`.
    ///
    /// - Parameters:
    ///   - keepsLength: keeps `Content-Length`: for a response to HEAD, or a 304.
    ///   - judge: decides on every other field.
    ///   - rewrite: writes the replacement of a field with the verdict `.rewrite`.
    public func writeForwarded(
        into output: inout [UInt8], keepsLength: Bool = false,
        judge: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> FieldVerdict,
        rewrite: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, inout [UInt8]) -> Void
    ) {
        let hopByHop = hopByHop
        block.withUnsafeBytes { bytes in
            slots.withUnsafeBufferPointer { slots in
                var run = 0..<0
                for slot in slots {
                    let name = bytes.part(slot.name)
                    let value = bytes.part(slot.value)
                    var verdict = FieldVerdict.drop
                    if !hopByHop.contains(name), !name.isFramingField || (keepsLength && name.count == 14) {
                        verdict = judge(name, value)
                    }
                    if case .keep = verdict, slot.wire.lowerBound == run.upperBound {
                        run = run.lowerBound..<slot.wire.upperBound
                        continue
                    }
                    if !run.isEmpty { output.append(contentsOf: bytes.part(run)) }
                    run = 0..<0
                    switch verdict {
                    case .keep: run = slot.wire
                    case .rewrite: rewrite(name, value, &output)
                    case .drop: break
                    }
                }
                if !run.isEmpty { output.append(contentsOf: bytes.part(run)) }
            }
        }
    }
}

/// Writing single fields.
extension [UInt8] {
    /// - Precondition: the name is a token. Control characters in the value become spaces.
    public mutating func appendField(_ name: StaticString, _ value: String) {
        appendFieldName(name)
        value.withBytes { append(contentsOf: $0) }
        endField(from: count - value.utf8.count)
    }

    public mutating func appendField(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        append(contentsOf: name)
        append(Byte.colon)
        append(Byte.space)
        append(contentsOf: value)
        endField(from: count - value.count)
    }

    public mutating func appendField(_ name: StaticString, lowercased value: UnsafeRawBufferPointer) {
        appendFieldName(name)
        let start = count
        append(contentsOf: value)
        withUnsafeMutableBytes { bytes in
            for index in start..<bytes.count { bytes[index] = Byte.lowercased(bytes[index]) }
        }
        endField(from: start)
    }

    private mutating func appendFieldName(_ name: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        append(Byte.colon)
        append(Byte.space)
    }

    private mutating func endField(from valueStart: Int) {
        blankForbidden(from: valueStart, before: count)
        append(Byte.carriageReturn)
        append(Byte.lineFeed)
    }

    /// Replaces every byte that is invalid in a field value with a space.
    mutating func blankForbidden(from start: Int, before end: Int) {
        guard var index = withUnsafeBytes({ $0.firstForbidden(from: start, before: end) }) else { return }
        while index < end {
            if !Byte.isFieldValue(self[index]) { self[index] = Byte.space }
            index += 1
        }
    }

    /// Appends the cookies of a Cookie field except those whose names have the prefix; no field if none is left.
    public mutating func appendCookies(_ value: UnsafeRawBufferPointer, withoutPrefix prefix: StaticString) {
        let start = count
        appendFieldName("Cookie")
        let first = count
        value.forEachCookiePair { pair in
            if pair.isCookie(withPrefix: prefix) { return }
            if count > first {
                append(Byte.semicolon)
                append(Byte.space)
            }
            append(contentsOf: pair)
        }
        if count == first { removeLast(count - start) } else { endField(from: count) }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the value of a Cookie field contains a cookie whose name has the prefix.
    public func hasCookie(withPrefix prefix: StaticString) -> Bool {
        var isThere = false
        forEachCookiePair { if $0.isCookie(withPrefix: prefix) { isThere = true } }
        return isThere
    }

    /// Whether the cookie's name has the prefix.
    fileprivate func isCookie(withPrefix prefix: StaticString) -> Bool {
        let name = cookieNameAndValue.name
        return name.count >= prefix.utf8CodeUnitCount && name.part(0..<prefix.utf8CodeUnitCount).equals(prefix)
    }
}

extension RequestHead {
    /// Writes the HTTP/1.1 request line.
    public func writeStart(into output: inout [UInt8]) {
        method.withBytes { output.append(contentsOf: $0) }
        output.append(Byte.space)
        output.append(contentsOf: targetBytes)
        output.appendLiteral(" HTTP/1.1\r\n")
    }
}

extension ResponseHead {
    /// Writes the HTTP/1.1 status line.
    public func writeStart(into output: inout [UInt8]) {
        if status == 200, reason.isEmpty || reason == "OK" { return output.appendLiteral("HTTP/1.1 200 OK\r\n") }
        output.appendLiteral("HTTP/1.1 ")
        output.appendDecimal(Int64(status))
        output.append(Byte.space)
        if reason.isEmpty {
            Self.reason(of: status).withBytes { output.append(contentsOf: $0) }
        } else {
            for byte in reason.utf8 { output.append(Byte.isFieldValue(byte) ? byte : Byte.space) }
        }
        output.append(Byte.carriageReturn)
        output.append(Byte.lineFeed)
    }

    /// Whether a response with this framing keeps its `Content-Length`, which states the length of a GET response.
    public func keepsLength(with framing: BodyFraming) -> Bool {
        framing == .none && status >= 200 && status != 204
    }
}

extension BodyFraming {
    /// Ends a head: the field that frames its body, if there is one, and the empty line.
    public func writeEnd(into output: inout [UInt8]) {
        writeField(into: &output)
        output.append(Byte.carriageReturn)
        output.append(Byte.lineFeed)
    }
}

extension [UInt8] {
    public mutating func appendLiteral(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
