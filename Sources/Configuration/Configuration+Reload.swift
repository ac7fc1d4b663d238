extension Configuration {
    /// The keys whose new values cannot be applied to running listeners and components.
    public func keysThatNeedARestart(comparedTo fresh: Configuration) -> [String] {
        let differences: [(String, Bool)] = [
            ("state", stateDirectory != fresh.stateDirectory), ("listen", listen != fresh.listen),
            ("public_port", publicPort != fresh.publicPort),
            ("tls.hsts", hsts != fresh.hsts),
            ("homes", homes != fresh.homes),
            ("density", density != fresh.density || sampleInterval != fresh.sampleInterval),
            ("free_floor", freeFloorPercent != fresh.freeFloorPercent), ("redirect", hasOtherRedirect(than: fresh)),
            (
                "edge",
                edgeThreads != fresh.edgeThreads || edgeHTTP2 != fresh.edgeHTTP2 || edgeLimits != fresh.edgeLimits
                    || accessLog != fresh.accessLog
            ),
        ]
        return differences.filter(\.1).map(\.0)
    }

    /// Compares without the position in the file.
    private func hasOtherRedirect(than fresh: Configuration) -> Bool {
        redirect?.listen != fresh.redirect?.listen || redirect?.acmeWebroot != fresh.redirect?.acmeWebroot
    }
}
