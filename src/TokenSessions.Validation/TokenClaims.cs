using System.Text.Json;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation;

/// <summary>What the claims of a checked token say, made when somebody asks: strings that no check needs (RFC 9068 §2.2).</summary>
internal sealed class TokenClaims
{
    /// <summary>Reads a claims set.</summary>
    /// <param name="payload">One that <see cref="CheckedClaims"/> accepted.</param>
    public TokenClaims(byte[] payload)
    {
        Payload = payload;
        var reader = StrictJson.Reader(payload);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Read(ref reader);
        }
    }

    public byte[] Payload { get; }

    public string Issuer { get; private set; } = "";

    public string Subject { get; private set; } = "";

    public string ClientId { get; private set; } = "";

    public string TokenId { get; private set; } = "";

    public string SessionId { get; private set; } = "";

    public IReadOnlyList<string> Audiences { get; private set; } = [];

    public IReadOnlyList<string> Scopes { get; private set; } = [];

    public IReadOnlyList<string> Roles { get; private set; } = [];

    private void Read(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("iss"u8))
        {
            Issuer = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("sub"u8))
        {
            Subject = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("client_id"u8))
        {
            ClientId = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("jti"u8))
        {
            TokenId = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("sid"u8))
        {
            SessionId = ReadText(ref reader);
        }
        else if (reader.ValueTextEquals("aud"u8))
        {
            Audiences = Array.AsReadOnly(ReadTexts(ref reader));
        }
        else if (reader.ValueTextEquals("scope"u8))
        {
            Scopes = Array.AsReadOnly(ReadText(ref reader).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        else if (reader.ValueTextEquals("roles"u8))
        {
            Roles = Array.AsReadOnly(ReadTexts(ref reader));
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString()!;
    }

    /// <summary>One string, or an array of strings.</summary>
    private static string[] ReadTexts(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return [reader.GetString()!];
        }

        var texts = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            texts.Add(reader.GetString()!);
        }

        return [.. texts];
    }
}
