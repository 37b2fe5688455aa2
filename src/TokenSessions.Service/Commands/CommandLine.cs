using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Commands;

/// <summary>The command line of a command, in which settings stand as well.</summary>
internal static class CommandLine
{
    private const string SettingPrefix = $"--{ServiceSettings.Section}:";

    /// <summary>Takes the settings out of a command line: they stand anywhere in it, as <c>--TokenSessions:Name=value</c>.</summary>
    /// <returns>The settings, and the rest.</returns>
    public static (string[] Settings, string[] Command) Split(string[] arguments)
    {
        var isSetting = arguments.ToLookup(argument => argument.StartsWith(SettingPrefix, StringComparison.OrdinalIgnoreCase));
        return ([.. isSetting[true]], [.. isSetting[false]]);
    }
}
