using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace TokenSessions.AspNetCore;

/// <summary>Reads one section of the configuration into options, and remembers what it could not read.</summary>
/// <remarks>By hand, because the framework's binder throws at the first value it cannot convert, and takes 30 for 30 days.</remarks>
internal sealed class TokenSessionsSettings(IConfigurationSection section, TokenSessionsOptions options)
{
    public static void Read(IConfiguration configuration, string sectionName, TokenSessionsOptions options)
    {
        options.Section = sectionName;
        new TokenSessionsSettings(configuration.GetSection(sectionName), options).Read();
    }

    private void Read()
    {
        options.Issuer = Text(nameof(options.Issuer)) ?? options.Issuer;
        options.Audience = Text(nameof(options.Audience)) ?? options.Audience;
        AddTexts(nameof(options.Audiences), options.Audiences);
        AddTexts(nameof(options.Types), options.Types);
        options.KeySetUri = Address(nameof(options.KeySetUri)) ?? options.KeySetUri;
        options.KeySetFile = Text(nameof(options.KeySetFile)) ?? options.KeySetFile;
        options.DenylistUri = Address(nameof(options.DenylistUri)) ?? options.DenylistUri;
        options.DenylistKeySetUri = Address(nameof(options.DenylistKeySetUri)) ?? options.DenylistKeySetUri;
        options.AcceptTokensWhileDenylistIsDown =
            Duration(nameof(options.AcceptTokensWhileDenylistIsDown)) ?? options.AcceptTokensWhileDenylistIsDown;
        options.AcceptTokensWithoutDenylist =
            Truth(nameof(options.AcceptTokensWithoutDenylist)) ?? options.AcceptTokensWithoutDenylist;
        options.ClockSkew = Duration(nameof(options.ClockSkew)) ?? options.ClockSkew;
        options.MaxStaleness = Duration(nameof(options.MaxStaleness)) ?? options.MaxStaleness;
        options.MaxTokenLifetime = Duration(nameof(options.MaxTokenLifetime)) ?? options.MaxTokenLifetime;
        options.MaxRememberedTokens = (int?)Number(nameof(options.MaxRememberedTokens), int.MaxValue) ?? options.MaxRememberedTokens;
        options.MaxRememberedBytes = Number(nameof(options.MaxRememberedBytes), long.MaxValue) ?? options.MaxRememberedBytes;
    }

    /// <summary>An empty setting counts as absent: an environment variable is often emptied to unset it.</summary>
    private string? Text(string name) => section[name] is { Length: > 0 } text ? text : null;

    private void AddTexts(string name, IList<string> list)
    {
        foreach (var entry in section.GetSection(name).GetChildren())
        {
            if (entry.Value is { Length: > 0 } text)
            {
                list.Add(text);
            }
            else
            {
                Unreadable($"{name}:{entry.Key}", "must be a text that is not empty");
            }
        }

        if (Text(name) is not null)
        {
            Unreadable(name, $"is a list: number its entries, as in {name}:0");
        }
    }

    private Uri? Address(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return address;
        }

        Unreadable(name, "must be an absolute URL");
        return null;
    }

    private TimeSpan? Duration(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (SettingText.TryReadDuration(text, out var duration))
        {
            return duration;
        }

        Unreadable(name, SettingText.DurationRule);
        return null;
    }

    private long? Number(string name, long most)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most)
        {
            return number;
        }

        Unreadable(name, "must be a whole number, written in digits");
        return null;
    }

    private bool? Truth(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (SettingText.TryReadFlag(text, out var truth))
        {
            return truth;
        }

        Unreadable(name, SettingText.FlagRule);
        return null;
    }

    private void Unreadable(string name, string rule) =>
        options.UnreadableSettings.Add($"{options.Name(name)} {rule}, but is '{section[name]}'.");
}
