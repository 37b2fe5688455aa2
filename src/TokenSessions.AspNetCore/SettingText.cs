using System.Globalization;

namespace TokenSessions.AspNetCore;

/// <summary>How a value is written in the settings; one grammar for validating APIs and the token service, which compiles this file too.</summary>
internal static class SettingText
{
    /// <summary>What to say of a text that is no duration.</summary>
    public const string DurationRule = "must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0";

    /// <summary>What to say of a text that is no flag.</summary>
    public const string FlagRule = "must be true or false";

    private static readonly string[] DurationFormats = [@"hh\:mm\:ss", @"d\.hh\:mm\:ss"];

    /// <summary>Reads <c>[days.]hh:mm:ss</c>, or <c>0</c>.</summary>
    /// <remarks>Exactly: the platform's own parser takes 30 and 30:00:00 for 30 days, and 10:00 for 10 hours.</remarks>
    public static bool TryReadDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        return text == "0" || TimeSpan.TryParseExact(text, DurationFormats, CultureInfo.InvariantCulture, out duration);
    }

    /// <summary>Reads <c>true</c> or <c>false</c>, in any case.</summary>
    public static bool TryReadFlag(string text, out bool flag) => bool.TryParse(text, out flag);
}
