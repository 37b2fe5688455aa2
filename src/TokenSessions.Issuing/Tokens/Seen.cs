using System.Text.Json;

namespace TokenSessions.Issuing.Tokens;

/// <summary>The watermarks that stood when a session began, in milliseconds; 0 where none did. Rules above them end the session.</summary>
internal readonly record struct Seen(long Subject, long Client, long All)
{
    /// <summary>Writes the claim, unless nothing was seen.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (this == default)
        {
            return;
        }

        writer.WriteStartObject("seen"u8);
        WriteOne(writer, "s"u8, Subject);
        WriteOne(writer, "c"u8, Client);
        WriteOne(writer, "a"u8, All);
        writer.WriteEndObject();
    }

    private static void WriteOne(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long watermark)
    {
        if (watermark > 0)
        {
            writer.WriteNumber(name, watermark);
        }
    }
}
