using System.Globalization;

namespace TokenSessions.Tests.Validation;

/// <summary>Chance that comes out the same every time, for runs of which each part can be run again alone.</summary>
internal static class SeededRandom
{
    /// <summary>The source of one part of a run.</summary>
    /// <remarks>The platform's generator begins alike for neighbouring seeds (the mixing step of SplitMix64 does not).</remarks>
    public static Random Of(int seed, int number)
    {
        var mixed = ((ulong)(uint)seed << 32 | (uint)number) + 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return new((int)((mixed ^ (mixed >> 31)) & int.MaxValue));
    }

    /// <summary>A number from the environment, with which a run is repeated, shortened or made longer.</summary>
    public static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
