using System.Globalization;
using System.Text.Json.Nodes;

namespace TokenSessions.Tests.Vectors;

/// <summary>One token and the verdict it must get.</summary>
/// <param name="Name">What is special about it, in a few words.</param>
/// <param name="Token">The token, as it would be received.</param>
/// <param name="Expected">Why it must be turned away, in the words of its reader, or <see cref="Accepted"/>.</param>
internal sealed record Vector(string Name, string Token, string Expected)
{
    /// <summary>When every vector is validated that says nothing else.</summary>
    public static readonly DateTimeOffset DefaultNow = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public const string Accepted = "Accepted";

    /// <summary>Who judges it.</summary>
    public IVectorReader Reader { get; init; } = new AccessTokenReader();

    /// <summary>Where it is from, if not from what its file names.</summary>
    public string? Source { get; init; }

    /// <summary>Why the verdict is right, where that is not plain.</summary>
    public string? Why { get; init; }

    /// <summary>What the clock shows.</summary>
    public DateTimeOffset Now { get; init; } = DefaultNow;

    /// <summary>The published key set, or the issuer's with its sealing key: an object, or the name of a file in <c>Keys</c>.</summary>
    public JsonNode KeySet { get; init; } = "issuer.jwks.json";

    /// <summary>If not null, what is published in place of <see cref="KeySet"/>: any text, which need be no key set, and no JSON.</summary>
    public string? KeySetText { get; init; }

    /// <summary>What is published.</summary>
    public string PublishedKeySet => KeySetText
        ?? (KeySet is JsonValue file ? File.ReadAllText(VectorFolder.PathOf($"Keys/{file}")) : KeySet.ToJsonString());

    /// <summary>If not null, the <c>kid</c> of the key whose signature this is, whatever else speaks against the token.</summary>
    public string? SignedBy { get; init; }

    /// <summary>As <see cref="Expected"/> says it; null stands for <see cref="Accepted"/>.</summary>
    public static string Verdict<T>(T? rejection)
        where T : struct, Enum => rejection?.ToString() ?? Accepted;

    public static Vector Read(JsonNode node) => new((string)node["name"]!, AnyText.Read(node["token"]!), (string)node["expect"]!)
    {
        Reader = VectorReaders.Read(node),
        Source = (string?)node["source"],
        Why = (string?)node["why"],
        Now = node["now"] is { } now ? DateTimeOffset.Parse((string)now!, CultureInfo.InvariantCulture) : DefaultNow,
        KeySet = node["keySet"]?.DeepClone() ?? "issuer.jwks.json",
        KeySetText = (string?)node["keySetText"],
        SignedBy = (string?)node["signedBy"],
    };

    /// <summary>All of it: whoever reads the file needs no defaults of ours.</summary>
    public JsonObject Write()
    {
        var json = new JsonObject { ["name"] = Name };
        AddIf(json, Source is not null, "source", Source);
        AddIf(json, Reader is not AccessTokenReader, "reader", Reader.Name);
        json["now"] = Now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        AddIf(json, KeySetText is null, "keySet", KeySet.DeepClone());
        AddIf(json, KeySetText is not null, "keySetText", KeySetText);
        Reader.Write(json);
        json["token"] = AnyText.Write(Token);
        AddIf(json, SignedBy is not null, "signedBy", SignedBy);
        json["expect"] = Expected;
        AddIf(json, Why is not null, "why", Why);
        return json;
    }

    private static void AddIf(JsonObject json, bool condition, string member, JsonNode? value)
    {
        if (condition)
        {
            json[member] = value;
        }
    }
}
