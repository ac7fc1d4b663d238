/// The header fields of one message, in order, with their names in the original case.
///
/// All fields are in one block of bytes in wire form (`name: value CR LF`), with their ranges beside it. So reading a
/// head allocates nothing once the storage has grown, and writing an unmodified one is a single copy. Strings are made
/// only on demand. Names are compared case-insensitively (RFC 9110, section 5.1).
public struct HeaderFields: Sendable, RandomAccessCollection, ExpressibleByDictionaryLiteral, Equatable {
    @usableFromInline struct Slot: Sendable {
        var start: UInt32
        var nameCount: UInt32
        var valueCount: UInt32

        var name: Range<Int> { Int(start)..<Int(start) + Int(nameCount) }
        @usableFromInline var value: Range<Int> {
            let valueStart = Int(start) + Int(nameCount) + 2
            return valueStart..<valueStart + Int(valueCount)
        }
        var wire: Range<Int> { Int(start)..<Int(start) + Int(nameCount) + Int(valueCount) + 4 }
    }

    @usableFromInline var block: [UInt8] = []
    @usableFromInline var slots: [Slot] = []
    /// The slots cover the whole block in order, so it can be written in one piece.
    var isWhole = true

    public init() {}

    /// Fields in the given order; the rules of `append` apply.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { slots.count }

    /// A field's name in its original case, and its value without surrounding whitespace. Bytes that are not UTF-8 are
    /// replaced; `withRaw` gives the original bytes.
    public subscript(position: Int) -> (name: String, value: String) {
        withRaw(at: position) { (String(decoding: $0, as: UTF8.self), String(decoding: $1, as: UTF8.self)) }
    }

    /// The same fields in the same order; names are compared case-insensitively.
    public static func == (a: HeaderFields, b: HeaderFields) -> Bool {
        guard a.count == b.count else { return false }
        return a.indices.allSatisfy { index in
            a.withRaw(at: index) { name, value in
                b.withRaw(at: index) { name.equalsIgnoringCase($0) && value.elementsEqual($1) }
            }
        }
    }

    // MARK: Reading

    /// The value of the first field with that name.
    public func first(_ name: String) -> String? {
        name.withBytes { wanted in
            guard let place = place(of: wanted, from: 0) else { return nil }
            return withRaw(at: place) { String(decoding: $1, as: UTF8.self) }
        }
    }

    /// The values of all fields with that name, in order.
    public func all(_ name: String) -> [String] {
        name.withBytes { wanted in
            var values: [String] = []
            var next = place(of: wanted, from: 0)
            while let place = next {
                withRaw(at: place) { values.append(String(decoding: $1, as: UTF8.self)) }
                next = self.place(of: wanted, from: place + 1)
            }
            return values
        }
    }

    public func contains(_ name: StaticString) -> Bool { place(of: name, from: 0) != nil }

    /// The number of fields with that name.
    public func count(of name: StaticString) -> Int {
        var count = 0
        forEachValue(of: name) { _ in count += 1 }
        return count
    }

    /// Whether a comma-separated field (`Connection`, `Upgrade`, …) contains this element, in any of its lines,
    /// ignoring case.
    public func contains(_ name: StaticString, element: StaticString) -> Bool {
        var found = false
        forEachValue(of: name) { value in
            value.forEachListElement { if $0.equalsIgnoringCase(element) { found = true } }
        }
        return found
    }

    /// Passes the bytes of one field to `body`. They are valid only during the call.
    public func withRaw<Result>(
        at index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let slot = slots[index]
        return block.withUnsafeBytes { body($0.part(slot.name), $0.part(slot.value)) }
    }

    /// Passes the bytes of the first field with that name, if any, to `body`. They are valid only during the call.
    @inlinable public func withFirst<Result>(
        _ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Result?
    ) -> Result? {
        guard let place = place(of: name, from: 0) else { return nil }
        return withValue(at: place, body)
    }

    /// Passes the bytes of every field to `body`, in order. They are valid only during each call.
    public func forEachRaw(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        block.withUnsafeBytes { bytes in
            for slot in slots { body(bytes.part(slot.name), bytes.part(slot.value)) }
        }
    }

    /// Passes the bytes of every value with that name to `body`, in order. They are valid only during each call.
    @inlinable public func forEachValue(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
        var next = place(of: name, from: 0)
        while let place = next {
            withValue(at: place, body)
            next = self.place(of: name, from: place + 1)
        }
    }

    @inlinable func withValue<Result>(at place: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let range = slots[place].value
        return block.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    @usableFromInline func place(of name: StaticString, from start: Int) -> Int? {
        place(of: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), from: start)
    }

    /// The index of the first field with that name, at or after `start`.
    private func place(of name: UnsafeRawBufferPointer, from start: Int) -> Int? {
        slots.withUnsafeBufferPointer { slots in
            for place in start..<slots.count where Int(slots[place].nameCount) == name.count {
                let isIt = block.withUnsafeBytes { $0.part(slots[place].name).equalsIgnoringCase(name) }
                if isIt { return place }
            }
            return nil
        }
    }
}
