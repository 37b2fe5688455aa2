using System.Text.Json.Nodes;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Every description, and the key sets that they share.</summary>
internal static class VectorDescriptions
{
    public static IReadOnlyList<VectorDescription> All { get; } =
    [
        .. AlgorithmVectors.All,
        .. KeyVectors.All,
        .. KeySetVectors.All,
        .. TextVectors.All,
        .. JsonVectors.All,
        .. ClaimVectors.All,
        .. SignatureVectors.All,
        .. EncryptionVectors.All,
        .. RefreshVectors.All,
    ];

    /// <summary>What the issuer of all vectors publishes.</summary>
    public static JsonObject IssuerKeySet => KeySetOf(
        VectorKey.Es256.Public(), VectorKey.Es256Next.Public(), VectorKey.Es384.Public(), VectorKey.Rs256.Public(), VectorKey.Ps256.Public());

    public static JsonObject KeySetOf(params JsonNode[] keys) => new() { ["keys"] = new JsonArray([.. keys]) };
}
