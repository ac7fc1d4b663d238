/// What a forwarding writer does with one field of a message.
public enum FieldVerdict: Sendable {
    /// It goes on as it is.
    case keep
    case drop
    /// The writer has words of its own for it.
    case rewrite
}

extension HeaderFields {
    /// Writes the fields that go on to the next hop, in their order: not those for this connection only, and not those
    /// that say how the body is framed, which the next hop is told anew. Runs of fields that stay are copied at once, and
    /// nothing is allocated but room in `output`.
    ///
    /// - Parameters:
    ///   - keepsLength: `Content-Length` stays: an answer to HEAD, or a 304.
    ///   - judge: decides about every other field.
    ///   - rewrite: writes what stands in a field's place; gets those with the verdict `.rewrite`.
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

/// Fields written one by one.
extension [UInt8] {
    /// - Precondition: the name is a token. A control character in the value becomes a space.
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

    /// Makes a space of every byte that no field value may have.
    mutating func blankForbidden(from start: Int, before end: Int) {
        guard var index = withUnsafeBytes({ $0.firstForbidden(from: start, before: end) }) else { return }
        while index < end {
            if !Byte.isFieldValue(self[index]) { self[index] = Byte.space }
            index += 1
        }
    }

    /// The cookies of a Cookie field but those of one name; no field when none is left.
    public mutating func appendCookies(_ value: UnsafeRawBufferPointer, without name: StaticString) {
        let start = count
        appendFieldName("Cookie")
        let first = count
        value.forEachCookiePair { pair in
            if pair.cookieNameAndValue.name.equals(name) { return }
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
    /// Whether the value of a Cookie field has a cookie of that name.
    public func hasCookie(named name: StaticString) -> Bool {
        var isThere = false
        forEachCookiePair { if $0.cookieNameAndValue.name.equals(name) { isThere = true } }
        return isThere
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the value of a Cookie field has a cookie whose name begins so.
    public func hasCookie(withPrefix prefix: StaticString) -> Bool {
        var isThere = false
        forEachCookiePair { pair in
            let name = pair.cookieNameAndValue.name
            if name.count >= prefix.utf8CodeUnitCount, name.part(0..<prefix.utf8CodeUnitCount).equals(prefix) {
                isThere = true
            }
        }
        return isThere
    }
}

extension RequestHead {
    /// Writes the request line of HTTP/1.1.
    public func writeStart(into output: inout [UInt8]) {
        method.withBytes { output.append(contentsOf: $0) }
        output.append(Byte.space)
        output.append(contentsOf: targetBytes)
        output.appendLiteral(" HTTP/1.1\r\n")
    }
}

extension ResponseHead {
    /// Writes the status line of HTTP/1.1.
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

    /// Whether a response with this framing keeps its `Content-Length`: it tells what GET would have sent.
    public func keepsLength(with framing: BodyFraming) -> Bool {
        framing == .none && status >= 200 && status != 204
    }
}

extension BodyFraming {
    /// Ends a head: the field that says how its body is framed, if there is one, and the empty line.
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
