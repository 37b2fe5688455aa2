using System.Text.Json.Nodes;

namespace TokenSessions.Tests.Vectors;

/// <summary>Everyone who judges vectors. A new one is a class and a line.</summary>
internal static class VectorReaders
{
    /// <summary>By name, how a reader reads what it alone is told from a vector's members.</summary>
    private static readonly Dictionary<string, Func<JsonNode, IVectorReader>> All = new()
    {
        [AccessTokenReader.OwnName] = AccessTokenReader.Read,
        [RefreshTokenReader.OwnName] = _ => new RefreshTokenReader(),
    };

    /// <summary>The reader of a vector; one that names none is an access token.</summary>
    public static IVectorReader Read(JsonNode vector) => All[(string?)vector["reader"] ?? AccessTokenReader.OwnName](vector);
}
