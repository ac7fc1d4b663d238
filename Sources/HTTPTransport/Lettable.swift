/// A value in separate memory, so that a connection that becomes a tunnel can free it: the tunnel may last for days
/// without another byte of HTTP. Confined to its connection's loop.
final class Lettable<Value> {
    // Exclusivity checks are off because no code that runs during an access can access the value again.
    @exclusivity(unchecked) var value: Value

    init(_ value: Value) { self.value = value }
}
