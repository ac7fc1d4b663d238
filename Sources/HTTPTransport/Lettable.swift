/// A value in a place of its own, so that a connection that becomes a tunnel can give the place back: it may last for days
/// without another byte of HTTP. Confined to its connection's loop.
final class Lettable<Value> {
    // Nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) var value: Value

    init(_ value: Value) { self.value = value }
}
