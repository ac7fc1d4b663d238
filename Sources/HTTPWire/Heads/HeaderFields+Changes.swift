extension HeaderFields {
    /// Appends a field.
    ///
    /// The name must be a token; anything else is a programming error and traps. A control character in the value
    /// becomes a space (RFC 9110, section 5.5), so that no value can start a new line.
    public mutating func append(_ name: String, _ value: String) {
        name.withBytes { name in value.withBytes { append(name: name, value: $0) } }
    }

    /// Appends a field from bytes. The rules of `append(_:_:)` apply.
    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        precondition(!name.isEmpty && name.allSatisfy(Byte.isToken), "a header field's name must be a token")
        let start = block.count
        add(name: name, value: value)
        let valueStart = start + name.count + 2
        block.blankForbidden(from: valueStart, before: valueStart + value.count)
    }

    /// Appends a field from a line that the parser has validated; the line ends with its carriage return.
    @inline(__always) mutating func add(line: UnsafeRawBufferPointer, name: Range<Int>, value: Range<Int>) {
        // Nearly every line already has the form in which we would write it.
        let isPlain =
            value.lowerBound == name.upperBound + 2 && value.upperBound == line.count - 1
            && line[name.upperBound + 1] == Byte.space
        guard isPlain else { return add(name: line.part(name), value: line.part(value)) }
        slots.append(
            Slot(start: UInt32(block.count), nameCount: UInt32(name.count), valueCount: UInt32(value.count)))
        block.append(contentsOf: line)
        block.append(Byte.lineFeed)
    }

    /// Appends a field whose bytes the parser has validated.
    @inline(__always) mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        slots.append(
            Slot(start: UInt32(block.count), nameCount: UInt32(name.count), valueCount: UInt32(value.count)))
        block.append(contentsOf: name)
        block.append(Byte.colon)
        block.append(Byte.space)
        block.append(contentsOf: value)
        block.append(Byte.carriageReturn)
        block.append(Byte.lineFeed)
    }

    /// Removes all fields with that name.
    public mutating func remove(_ name: String) {
        name.withBytes { wanted in removeAll { field, _ in field.equalsIgnoringCase(wanted) } }
    }

    /// Removes every field for which `isDoomed` returns true.
    public mutating func removeAll(
        where isDoomed: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) {
        let before = slots.count
        block.withUnsafeBytes { bytes in
            slots.removeAll { isDoomed(bytes.part($0.name), bytes.part($0.value)) }
        }
        if slots.count != before { isWhole = false }
    }

    /// Sets the value of a field: changes the first field with that name in place and removes further ones; appends one
    /// if there is none.
    public mutating func replace(_ name: String, _ value: String) {
        let index = name.withBytes { wanted in
            indices.first { withRaw(at: $0) { field, _ in field.equalsIgnoringCase(wanted) } }
        }
        append(name, value)
        guard let index else { return }
        let added = slots.removeLast()
        remove(name)
        slots.insert(added, at: index)
        isWhole = false
    }

    /// Removes all fields and keeps the storage for the next message.
    public mutating func removeAll() {
        block.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        isWhole = true
    }

    /// Writes all fields in wire form, without the empty line that ends a header block.
    public func write(into output: inout [UInt8]) {
        if isWhole {
            output.append(contentsOf: block)
        } else {
            for slot in slots { output.append(contentsOf: block[slot.wire]) }
        }
    }

    /// Writes the fields for which `isWanted` returns true.
    public func write(
        into output: inout [UInt8], where isWanted: (_ name: UnsafeRawBufferPointer) -> Bool
    ) {
        block.withUnsafeBytes { bytes in
            for slot in slots where isWanted(bytes.part(slot.name)) {
                output.append(contentsOf: bytes.part(slot.wire))
            }
        }
    }
}
