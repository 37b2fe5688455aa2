using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace TokenSessions.Tests.Vectors;

/// <summary>Any text as a JSON string, also one with half a surrogate pair, of which the library writes U+FFFD and which it does not read.</summary>
[JsonConverter(typeof(Converter))]
internal sealed record AnyText(string Text)
{
    public static JsonNode Write(string text) => text.Any(char.IsSurrogate) ? JsonValue.Create(new AnyText(text))! : text;

    /// <summary>Reads a value that was parsed.</summary>
    public static string Read(JsonNode value)
    {
        var json = value.GetValue<JsonElement>();
        return json.ValueKind == JsonValueKind.String
            ? Regex.Unescape(json.GetRawText()[1..^1]) // It knows all escapes of JSON (RFC 8259 §7).
            : throw new FormatException("A token is a JSON string.");
    }

    private sealed class Converter : JsonConverter<AnyText>
    {
        public override AnyText Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, AnyText value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"\"{string.Concat(value.Text.Select(Escaped))}\"", skipInputValidation: true);

        private static string Escaped(char unit) => char.IsSurrogate(unit)
            ? $"\\u{(int)unit:X4}"
            : JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(unit.ToString());
    }
}
