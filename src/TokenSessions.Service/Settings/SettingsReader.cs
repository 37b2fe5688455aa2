using System.Globalization;
using TokenSessions.AspNetCore;

namespace TokenSessions.Service.Settings;

/// <summary>Reads one section strictly and collects every problem, each naming the setting and its environment variable.</summary>
/// <remarks>
/// The configuration binder stops at the first value it cannot convert, and takes <c>10</c> for ten days where a duration
/// is wanted; a service that guards sessions should not guess.
/// </remarks>
internal sealed class SettingsReader(IConfiguration configuration, string section)
{
    private const int MaxQuotedLength = 80;

    private readonly IConfigurationSection _section = configuration.GetSection(section);
    private readonly List<string> _problems = [];

    /// <summary>What was wrong with the values read so far.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Adds a problem of a setting, unless just this has been said.</summary>
    /// <param name="name">The setting, without the section.</param>
    /// <param name="problem">A sentence that goes on after the name.</param>
    public void Report(string name, string problem)
    {
        var line = $"{section}:{name} (environment variable {section}__{name.Replace(":", "__", StringComparison.Ordinal)}) {problem}";
        if (!_problems.Contains(line))
        {
            _problems.Add(line);
        }
    }

    /// <summary>A text; null where the setting is absent or empty.</summary>
    public string? Text(string name) => _section[name] is { Length: > 0 } text ? text : null;

    /// <summary>A duration written <c>[days.]hh:mm:ss</c>, or <c>0</c>.</summary>
    public TimeSpan Duration(string name, TimeSpan otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (SettingText.TryReadDuration(text, out var duration))
        {
            return duration;
        }

        Report(name, $"{SettingText.DurationRule}, but is {Quote(text)}.");
        return otherwise;
    }

    /// <summary>A whole number in decimal digits.</summary>
    public int Number(string name, int otherwise, int least, int most)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Report(name, $"must be a whole number from {least} to {most}, but is {Quote(text)}.");
        return otherwise;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string name)
    {
        if (Text(name) is not { } text)
        {
            return false;
        }

        if (SettingText.TryReadFlag(text, out var flag))
        {
            return flag;
        }

        Report(name, $"{SettingText.FlagRule}, but is {Quote(text)}.");
        return false;
    }

    /// <summary>A list of texts: <c>Name:0</c>, <c>Name:1</c> and so on; empty where the setting is absent.</summary>
    public IReadOnlyList<string> Texts(string name) => [.. List(name).Select(child => child.Value ?? "")];

    /// <summary>The names under <paramref name="name"/>, for a list of objects.</summary>
    public IReadOnlyList<string> Children(string name) => [.. List(name).Select(child => $"{name}:{child.Key}")];

    /// <summary>The names under <paramref name="path"/> (null: the section itself) that are none of these: misspelt, perhaps.</summary>
    public IEnumerable<string> Unknown(string? path, IReadOnlyCollection<string> names) =>
        from child in (path is null ? _section : _section.GetSection(path)).GetChildren()
        where !names.Contains(child.Key, StringComparer.OrdinalIgnoreCase)
        select path is null ? $"{section}:{child.Key}" : $"{section}:{path}:{child.Key}";

    /// <summary>A value as it stands in a message.</summary>
    public static string Quote(string text) => text.Length <= MaxQuotedLength ? $"\"{text}\"" : $"\"{text.AsSpan(0, MaxQuotedLength)}…\"";

    private IEnumerable<IConfigurationSection> List(string name)
    {
        var list = _section.GetSection(name);
        if (list.Value is { Length: > 0 })
        {
            Report(name, $"must be a list: give {section}:{name}:0, {section}:{name}:1 and so on.");
            return [];
        }

        return list.GetChildren();
    }
}
