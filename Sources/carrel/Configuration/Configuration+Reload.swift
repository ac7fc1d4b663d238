extension Configuration {
    /// The keys whose new values cannot be taken over by what already listens and runs.
    func keysThatNeedARestart(comparedTo fresh: Configuration) -> [String] {
        let differences: [(String, Bool)] = [
            ("state", stateDirectory != fresh.stateDirectory), ("listen", listen != fresh.listen),
            ("portal", portal != fresh.portal), ("labs_domain", labsDomain != fresh.labsDomain),
            ("public_port", publicPort != fresh.publicPort),
            ("tls", certificate != fresh.certificate || hsts != fresh.hsts),
            ("homes", homes != fresh.homes), ("redirect", redirect != fresh.redirect),
            (
                "edge",
                edgeThreads != fresh.edgeThreads || edgeLimits != fresh.edgeLimits || accessLog != fresh.accessLog
            ),
        ]
        return differences.filter(\.1).map(\.0)
    }
}
