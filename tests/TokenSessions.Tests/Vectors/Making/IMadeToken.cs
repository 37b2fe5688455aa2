namespace TokenSessions.Tests.Vectors.Making;

/// <summary>A token that was made from a description.</summary>
/// <typeparam name="T">In whose words its reader turns it away.</typeparam>
internal interface IMadeToken<T>
    where T : struct, Enum
{
    /// <summary>The token with its reader, and with the verdict that it must get; null if it must be accepted.</summary>
    Vector ToVector(string name, T? expected, string? why);
}
