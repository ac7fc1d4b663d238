import Foundation
import TLS

/// A picture that a portal's pages show beside its title.
///
/// It is shown as an image only, so that a script in it never runs.
public struct Logo: Hashable, Sendable {
    /// `image/svg+xml` or `image/png`.
    let mediaType: String
    let bytes: [UInt8]

    /// `nil` if this is neither an SVG nor a PNG image.
    public init?(_ bytes: [UInt8]) {
        let beginning = String(decoding: bytes.prefix(1024), as: UTF8.self)
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            mediaType = "image/png"
        } else if beginning.contains("<svg"), String(validating: bytes, as: UTF8.self) != nil {
            mediaType = "image/svg+xml"
        } else {
            return nil
        }
        self.bytes = bytes
    }

    /// The image as an address, which holds all of it (RFC 2397).
    var address: String { "data:\(mediaType);base64,\(Data(bytes).base64EncodedString())" }
}

/// A colour of the sRGB colour space.
public struct Colour: Hashable, Sendable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    /// - Parameter text: such as `#1c6357`; `nil` for anything else.
    public init?(_ text: String) {
        let digits = text.dropFirst()
        guard text.first == "#", text.utf8.count == 7,
            digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(digits, radix: 16)
        else { return nil }
        self.init(
            red: UInt8(value >> 16 & 0xFF), green: UInt8(value >> 8 & 0xFF), blue: UInt8(value & 0xFF))
    }

    init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    static let white = Colour(red: 255, green: 255, blue: 255)
    static let black = Colour(red: 0, green: 0, blue: 0)

    /// Such as `#1c6357`.
    var text: String { String(format: "#%02x%02x%02x", red, green, blue) }

    /// The contrast of the two, from 1 to 21 (WCAG 2.2, "contrast ratio").
    func contrast(to other: Colour) -> Double {
        let (one, two) = (luminance, other.luminance)
        return (max(one, two) + 0.05) / (min(one, two) + 0.05)
    }

    private var luminance: Double {
        let parts = [red, green, blue].map { part in
            let share = Double(part) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    /// - Parameter share: of the other colour, from 0 to 1.
    func mixed(with other: Colour, share: Double) -> Colour {
        func mix(_ one: UInt8, _ two: UInt8) -> UInt8 {
            UInt8((Double(one) * (1 - share) + Double(two) * share).rounded())
        }
        return Colour(red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }
}

/// The colours of a portal's buttons and links, in light and in dark.
public struct BrandColours: Hashable, Sendable {
    /// What is wrong with a colour: its contrast to the page is less than `minimum`, which text needs.
    public struct Fault: Error, Hashable, Sendable {
        public enum Remedy: String, Sendable { case darker, lighter }

        public var isDark: Bool
        public var contrast: Double
        /// What the colour must be instead.
        public var remedy: Remedy
    }

    /// WCAG 2.2, criterion 1.4.3, for text of ordinary size.
    public static let minimum = 4.5

    /// The background on which text of these colours has the least contrast, as in `carrel.css`.
    static let lightPage = Colour(red: 0xF5, green: 0xF4, blue: 0xF0)
    static let darkPage = Colour(red: 0x1A, green: 0x20, blue: 0x21)

    let light: Colour
    let dark: Colour

    /// - Parameter dark: if left out, the light colour, made as much lighter as the dark page needs.
    public init(accent light: Colour, dark: Colour?) throws(Fault) {
        let contrast = light.contrast(to: Self.lightPage)
        guard contrast >= Self.minimum else { throw Fault(isDark: false, contrast: contrast, remedy: .darker) }
        if let dark {
            let contrast = dark.contrast(to: Self.darkPage)
            guard contrast >= Self.minimum else { throw Fault(isDark: true, contrast: contrast, remedy: .lighter) }
        }
        self.light = light
        self.dark = dark ?? Self.lightened(light)
    }

    private static func lightened(_ colour: Colour) -> Colour {
        for percent in 0..<100 {
            let lighter = colour.mixed(with: .white, share: Double(percent) / 100)
            if lighter.contrast(to: darkPage) >= minimum { return lighter }
        }
        return .white
    }

    /// The style sheet that follows the common one.
    var style: String {
        let dark = Self.rule(dark, page: Self.darkPage)
        return Self.rule(light, page: .white) + "@media (prefers-color-scheme:dark){\(dark)}"
    }

    private static func rule(_ accent: Colour, page: Colour) -> String {
        let on = accent.contrast(to: .white) >= accent.contrast(to: .black) ? Colour.white : .black
        let tint = page.mixed(with: accent, share: 0.1)
        return ":root{--accent:\(accent.text);--on-accent:\(on.text);--tint:\(tint.text)}"
    }
}

/// A portal's own look.
public struct Brand: Hashable, Sendable {
    public var logo: Logo?
    public var colours: BrandColours?

    public init(logo: Logo? = nil, colours: BrandColours? = nil) {
        self.logo = logo
        self.colours = colours
    }
}
