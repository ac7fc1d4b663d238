import Foundation
import Portal
import Text

/// A portal's own look.
extension DecodedPortal {
    /// Reads the picture that `logo` names.
    static func logo(of reader: MappingReader, folder: String) -> Logo? {
        guard let path = reader.optional("logo", .path(from: folder)) else { return nil }
        func wrong(_ message: String) -> Logo? {
            reader.problems.add(
                reader.place(of: "logo"), "\(MappingReader.join(reader.path, "logo")): \(path) \(message)")
            return nil
        }
        guard let file = FileHandle(forReadingAtPath: path) else {
            return wrong("cannot be read (\(String(cString: strerror(errno))))")
        }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: PortalLimits.logoBytes + 1) ?? Data() else {
            return wrong("cannot be read; name a file")
        }
        guard bytes.count <= PortalLimits.logoBytes else {
            return wrong("is larger than \(SizeText.format(Int64(PortalLimits.logoBytes))); every page carries it")
        }
        return Logo([UInt8](bytes)) ?? wrong("is neither an SVG nor a PNG image")
    }

    static func colours(of reader: MappingReader) -> BrandColours? {
        guard let mapping = reader.mapping("colours") else { return nil }
        mapping.allow("accent", "accent_dark")
        let rule = Rule<Colour>(expectation: "a colour such as \"#1c6357\", in quotes") { scalar in
            scalar.kind == .text ? Colour(scalar.text) : nil
        }
        guard let accent = mapping.required("accent", rule) else { return nil }
        do throws(BrandColours.Fault) {
            return try BrandColours(accent: accent, dark: mapping.optional("accent_dark", rule))
        } catch {
            let key = error.isDark ? "accent_dark" : "accent"
            let found = String(format: "%.1f", error.contrast)
            mapping.problems.add(
                mapping.place(of: key),
                "\(MappingReader.join(mapping.path, key)) has a contrast of \(found) to the page, and text needs "
                    + "\(BrandColours.minimum); take a \(error.remedy.rawValue) colour")
            return nil
        }
    }
}
