using System.Text.Json.Nodes;

namespace TokenSessions.Tests.Vectors;

/// <summary>One file: a known attack, or the examples of one publication.</summary>
/// <param name="Name">The file's name without <c>.json</c>.</param>
/// <param name="Attack">What is tried, in a few words.</param>
/// <param name="Reference">Where it is described: RFC sections, CVE numbers.</param>
/// <param name="Vectors">The tokens.</param>
internal sealed record VectorFile(string Name, string Attack, string Reference, IReadOnlyList<Vector> Vectors)
{
    /// <summary>By <c>kid</c>, the thumbprints (RFC 7638) that a publication says its keys have.</summary>
    public IReadOnlyDictionary<string, string> Thumbprints { get; init; } = new Dictionary<string, string>();

    public static VectorFile Read(string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(VectorFolder.PathOf($"{name}.json")))!;
        return new(name, (string)json["attack"]!, (string)json["reference"]!, [.. json["vectors"]!.AsArray().Select(node => Vector.Read(node!))])
        {
            Thumbprints = json["thumbprints"]?.AsObject().ToDictionary(pair => pair.Key, pair => (string)pair.Value!) ?? [],
        };
    }

    public string Write()
    {
        var json = new JsonObject { ["attack"] = Attack, ["reference"] = Reference };
        if (Thumbprints.Count > 0)
        {
            json["thumbprints"] = new JsonObject(Thumbprints.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        }

        json["vectors"] = new JsonArray([.. Vectors.Select(vector => vector.Write())]);
        return json.ToJsonString(VectorFolder.Indented) + "\n";
    }
}
