import HTTPWire

/// What counts as user activity in a lab. An open tab alone does not: its polls, its responses and its pongs never
/// count, so an idle tab keeps no lab alive. For WebSockets, see `FrameRules`.
enum ActivityRules {
    /// Whether a request counts when it arrives, unless it comes by a timer (`ActivityCell.beats`).
    ///
    /// 1. RStudio's long poll (`POST …/events/get_events`) never counts, although it is a POST.
    /// 2. JupyterLab's saving of its window layout never counts, although it is a PUT: an open tab saves it after every
    ///    refresh of the file browser, which is every ten seconds, whether anything has changed or not.
    /// 3. A method that changes something counts: a run, a save, an upload.
    /// 4. A navigation counts: somebody opened or reloaded a page. A navigation in a frame of another origin's page
    ///    does not, because the user may not have asked for it.
    /// 5. A file download counts.
    /// 6. Nothing else does: JupyterLab polls `/api/sessions`, `/api/kernels`, `/api/terminals`, `/api/status`, … for
    ///    as long as a tab is open.
    ///
    /// - Parameter isEmbedded: pages of other sites may show labs in frames, and navigations in those frames count.
    static func counts(_ head: RequestHead, kind: Edge.LabKind, isEmbedded: Bool = false) -> Bool {
        let path = head.pathBytes
        if kind == .rstudio, path.hasSuffix("/events/get_events") || path.elementsEqual("events/get_events".utf8) {
            return false
        }
        if kind == .jupyter, path.hasPrefix("/lab/api/workspaces/") { return false }
        if !head.isSafe { return true }
        if head.isNavigation { return isEmbedded || OriginRules.foreignFrame(head.fields) == nil }
        guard head.method == "GET" else { return false }
        switch kind {
        case .jupyter: return path.hasPrefix("/files/")
        case .rstudio: return path.hasPrefix("/files/") || path.hasPrefix("/export/")
        case .http: return false
        }
    }

    /// A name for the target of a request, by which a request that a timer repeats is recognised. It leaves out the
    /// query, which may hold a counter.
    static func beatName(_ head: RequestHead) -> UInt64 {
        var name = BeatName()
        for byte in head.method.utf8 { name.add(byte) }
        for byte in head.pathBytes { name.add(byte) }
        return name.value
    }
}

extension ArraySlice<UInt8> {
    func hasPrefix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && prefix(text.utf8CodeUnitCount).elementsEqual(text.bytes)
    }

    func hasSuffix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && suffix(text.utf8CodeUnitCount).elementsEqual(text.bytes)
    }
}

extension StaticString {
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
