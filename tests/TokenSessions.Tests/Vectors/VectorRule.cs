using System.Text.Json.Nodes;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Vectors;

/// <summary>A rule of the denylist, against the issuer of all vectors.</summary>
/// <param name="Kind">What it ends.</param>
/// <param name="Value">Which.</param>
/// <param name="Watermark">T; 0 for a rule that denies outright.</param>
internal sealed record VectorRule(RuleKind Kind, string Value, long Watermark = 0)
{
    public static VectorRule Read(JsonNode node) =>
        new(RuleKinds.Find((string)node["kind"]!)!.Value, (string)node["value"]!, (long?)node["watermark"] ?? 0);

    public JsonObject Write()
    {
        var json = new JsonObject { ["kind"] = Kind.Name(), ["value"] = Value };
        if (Watermark > 0)
        {
            json["watermark"] = Watermark;
        }

        return json;
    }
}
