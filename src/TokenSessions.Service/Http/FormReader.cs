using System.Text;

namespace TokenSessions.Service.Http;

/// <summary>Reads <c>application/x-www-form-urlencoded</c> strictly: the framework joins duplicates and answers 500 to <c>%00</c>.</summary>
internal static class FormReader
{
    /// <summary>The most fields of a form.</summary>
    public const int MaxFields = 32;

    private const int EscapeLength = 3; // %XX

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The fields by name, those without a value left out (RFC 6749 §3.2).</summary>
    /// <param name="body">The body.</param>
    /// <param name="problem">Why there are none; empty if there are.</param>
    public static Dictionary<string, FieldValue>? Read(ReadOnlySpan<byte> body, out string problem)
    {
        var fields = new Dictionary<string, FieldValue>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var range in body.Split((byte)'&'))
        {
            var pair = body[range];
            if (pair.IsEmpty)
            {
                continue;
            }

            var equals = pair.IndexOf((byte)'=');
            if (Decode(equals < 0 ? pair : pair[..equals]) is not { } name || Decode(equals < 0 ? [] : pair[(equals + 1)..]) is not { } value)
            {
                problem = "The form is not percent-encoded UTF-8.";
                return null;
            }

            if (!names.Add(name))
            {
                problem = "The form has a field twice."; // RFC 6749 §3.2
                return null;
            }

            if (names.Count > MaxFields)
            {
                problem = $"The form has more than {MaxFields} fields.";
                return null;
            }

            if (value.Length > 0)
            {
                fields.Add(name, FieldValue.OfText(value));
            }
        }

        problem = "";
        return fields;
    }

    private static string? Decode(ReadOnlySpan<byte> encoded)
    {
        var bytes = new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            switch (encoded[i])
            {
                case (byte)'+':
                    bytes[length++] = (byte)' ';
                    break;

                case (byte)'%':
                    if (i + EscapeLength > encoded.Length || !TryHex(encoded[i + 1], out var high) || !TryHex(encoded[i + 2], out var low))
                    {
                        return null;
                    }

                    bytes[length++] = (byte)((high << 4) | low);
                    i += EscapeLength - 1;
                    break;

                default:
                    bytes[length++] = encoded[i];
                    break;
            }
        }

        try
        {
            return StrictUtf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException) // The platform has no other strict decoder to a string.
        {
            return null;
        }
    }

    private static bool TryHex(byte digit, out int value)
    {
        value = char.IsAsciiHexDigit((char)digit) ? Convert.FromHexString([(char)'0', (char)digit])[0] : -1;
        return value >= 0;
    }
}
