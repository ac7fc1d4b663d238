/// The header fields of one message, in their order, with their names as they were written.
///
/// All fields stand in one block of bytes in wire form (`name: value CR LF`) beside their ranges, so that reading a head
/// allocates nothing once the storage has grown, and writing an untouched one is a single copy. Strings are made only
/// when asked for. Names are compared without regard to case (RFC 9110, section 5.1).
public struct HeaderFields: Sendable, RandomAccessCollection, ExpressibleByDictionaryLiteral, Equatable {
    struct Slot: Sendable {
        var start: UInt32
        var nameCount: UInt32
        var valueCount: UInt32

        var name: Range<Int> { Int(start)..<Int(start) + Int(nameCount) }
        var value: Range<Int> {
            let valueStart = Int(start) + Int(nameCount) + 2
            return valueStart..<valueStart + Int(valueCount)
        }
        var wire: Range<Int> { Int(start)..<Int(start) + Int(nameCount) + Int(valueCount) + 4 }
    }

    var block: [UInt8] = []
    var slots: [Slot] = []
    /// The slots are the whole block in its order: it can be written at once.
    var isWhole = true

    public init() {}

    /// Fields in the given order; the rules of `append` hold.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { slots.count }

    /// A field's name as it was written, and its value without surrounding whitespace. Bytes that are not UTF-8 are
    /// replaced; `withRaw` has them as they came.
    public subscript(position: Int) -> (name: String, value: String) {
        withRaw(at: position) { (String(decoding: $0, as: UTF8.self), String(decoding: $1, as: UTF8.self)) }
    }

    /// The same fields in the same order; names without regard to case.
    public static func == (a: HeaderFields, b: HeaderFields) -> Bool {
        guard a.count == b.count else { return false }
        return a.indices.allSatisfy { index in
            a.withRaw(at: index) { name, value in
                b.withRaw(at: index) { name.equalsIgnoringCase($0) && value.elementsEqual($1) }
            }
        }
    }

    // MARK: Reading

    /// The value of the first field of that name.
    public func first(_ name: String) -> String? {
        withFirst(name) { String(decoding: $0, as: UTF8.self) }
    }

    /// The values of all fields of that name, in order.
    public func all(_ name: String) -> [String] {
        var values: [String] = []
        forEachValue(of: name) { values.append(String(decoding: $0, as: UTF8.self)) }
        return values
    }

    public func contains(_ name: String) -> Bool { firstSlot(name) != nil }

    /// How many fields have that name.
    public func count(of name: String) -> Int {
        name.withBytes { wanted in
            block.withUnsafeBytes { bytes in
                slots.reduce(0) { bytes.part($1.name).equalsIgnoringCase(wanted) ? $0 + 1 : $0 }
            }
        }
    }

    /// Whether a comma-separated field (`Connection`, `Upgrade`, …) has this element, in any of its lines, without
    /// regard to case.
    public func contains(_ name: String, element: StaticString) -> Bool {
        var found = false
        forEachValue(of: name) { value in
            value.forEachListElement { if $0.equalsIgnoringCase(element) { found = true } }
        }
        return found
    }

    /// Hands out the bytes of one field. They are valid only during the call.
    public func withRaw<Result>(
        at index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let slot = slots[index]
        return block.withUnsafeBytes { body($0.part(slot.name), $0.part(slot.value)) }
    }

    /// Hands out the bytes of the first field of that name, if there is one. They are valid only during the call.
    public func withFirst<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
        guard let slot = firstSlot(name) else { return nil }
        return block.withUnsafeBytes { body($0.part(slot.value)) }
    }

    /// Hands out the bytes of every field, in order. They are valid only during each call.
    public func forEachRaw(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        block.withUnsafeBytes { bytes in
            for slot in slots { body(bytes.part(slot.name), bytes.part(slot.value)) }
        }
    }

    /// Hands out the bytes of every value of that name, in order. They are valid only during each call.
    public func forEachValue(of name: String, _ body: (UnsafeRawBufferPointer) -> Void) {
        name.withBytes { wanted in
            block.withUnsafeBytes { bytes in
                for slot in slots where Int(slot.nameCount) == wanted.count {
                    if bytes.part(slot.name).equalsIgnoringCase(wanted) { body(bytes.part(slot.value)) }
                }
            }
        }
    }

    private func firstSlot(_ name: String) -> Slot? {
        name.withBytes { wanted in
            block.withUnsafeBytes { bytes in
                for slot in slots where Int(slot.nameCount) == wanted.count {
                    if bytes.part(slot.name).equalsIgnoringCase(wanted) { return slot }
                }
                return nil
            }
        }
    }
}
