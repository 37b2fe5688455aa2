using System.Text.Json;

namespace TokenSessions.Issuing.Tokens;

/// <summary>Arrays of strings in claims sets.</summary>
internal static class Texts
{
    /// <summary>Writes the member, unless there is nothing in it.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
