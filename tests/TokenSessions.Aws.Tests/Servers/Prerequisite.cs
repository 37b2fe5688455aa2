using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>What a test needs from the machine. A laptop may lack it; where <c>CI=true</c>, a missing one is a failure.</summary>
internal static class Prerequisite
{
    /// <summary>True where a missing one is a failure.</summary>
    public static bool AreRequired => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Ends the running test.</summary>
    /// <param name="what">What is missing, and what would bring it.</param>
    [DoesNotReturn]
    public static void Missing(string what)
    {
        if (AreRequired)
        {
            Assert.Fail(what);
        }

        Assert.Skip(what);
    }
}
