using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.Net.Http.Headers;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Http;

/// <summary>In which formats an endpoint takes its fields.</summary>
[Flags]
internal enum FieldFormats
{
    None = 0,
    Json = 1,
    Form = 2,

    /// <summary>No body at all is fine too: no fields.</summary>
    Nothing = 4,
}

/// <summary>A text or, in JSON, a truth value.</summary>
internal readonly record struct FieldValue(string? Text, bool? Flag)
{
    public static FieldValue OfText(string text) => new(text, null);

    public static FieldValue OfFlag(bool flag) => new(null, flag);
}

/// <summary>The fields of a request's body, from a flat JSON object or a form, read strictly: no duplicates, no control characters.</summary>
/// <remarks>The first problem is kept and everything after it reads as absent: ask for all fields, then look at <see cref="Problem"/>.</remarks>
internal sealed class RequestFields
{
    /// <summary>The longest body of any request, in bytes.</summary>
    public const int MaxBodyLength = 16 * 1024;

    private const string JsonType = "application/json";
    private const string FormType = "application/x-www-form-urlencoded";

    private readonly Dictionary<string, FieldValue> _fields;

    private RequestFields(Dictionary<string, FieldValue> fields, ProblemAnswer? problem) => (_fields, Problem) = (fields, problem);

    /// <summary>The answer to give if something was wrong, else null.</summary>
    public ProblemAnswer? Problem { get; private set; }

    /// <summary>Reads the body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="formats">What it may be.</param>
    /// <param name="names">The fields of this endpoint: JSON may have no others; a form may, and they are ignored (RFC 6749 §3.2).</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public static async Task<RequestFields> ReadAsync(
        HttpRequest request, FieldFormats formats, string[] names, CancellationToken cancellationToken)
    {
        if (await ReadBodyAsync(request, cancellationToken) is not { } body)
        {
            return new([], ProblemAnswer.TooLarge(MaxBodyLength));
        }

        if (body.Length == 0 && formats.HasFlag(FieldFormats.Nothing))
        {
            return new([], null);
        }

        var (type, isUtf8) = MediaType(request);
        if (isUtf8 && type == JsonType && formats.HasFlag(FieldFormats.Json))
        {
            return ReadJson(body.Span, names);
        }

        if (isUtf8 && type == FormType && formats.HasFlag(FieldFormats.Form))
        {
            return FormReader.Read(body.Span, out var problem) is { } fields
                ? new(fields, null)
                : new([], ProblemAnswer.InvalidRequest(problem));
        }

        return new([], ProblemAnswer.UnsupportedMediaType(Supported(formats)));
    }

    /// <summary>A text that must be there.</summary>
    /// <param name="name">The field.</param>
    /// <param name="maxLength">The longest value, in bytes of UTF-8.</param>
    public string Required(string name, int maxLength)
    {
        var text = Optional(name, maxLength);
        if (string.IsNullOrEmpty(text))
        {
            Refuse($"{name} is missing.");
        }

        return text ?? "";
    }

    /// <summary>A text, or null if it is absent.</summary>
    /// <inheritdoc cref="Required"/>
    public string? Optional(string name, int maxLength)
    {
        if (!_fields.TryGetValue(name, out var value))
        {
            return null;
        }

        if (value.Text is not { } text)
        {
            Refuse($"{name} must be a string.");
            return null;
        }

        if (Encoding.UTF8.GetByteCount(text) > maxLength)
        {
            Refuse($"{name} has more than {maxLength} bytes.");
            return null;
        }

        if (text.Any(char.IsControl))
        {
            Refuse($"{name} has a control character.");
            return null;
        }

        return text;
    }

    /// <summary><c>true</c> or <c>false</c>; false if it is absent.</summary>
    public bool Flag(string name)
    {
        if (!_fields.TryGetValue(name, out var value))
        {
            return false;
        }

        if (value.Flag is { } flag)
        {
            return flag;
        }

        if (value.Text is not ("true" or "false"))
        {
            Refuse($"{name} must be true or false.");
        }

        return value.Text == "true";
    }

    private static string Supported(FieldFormats formats)
    {
        var types = new List<string>();
        if (formats.HasFlag(FieldFormats.Json))
        {
            types.Add(JsonType);
        }

        if (formats.HasFlag(FieldFormats.Form))
        {
            types.Add(FormType);
        }

        return string.Join(" or ", types);
    }

    private void Refuse(string detail) => Problem ??= ProblemAnswer.InvalidRequest(detail);

    /// <summary>Null if the body is too long. What Kestrel itself refuses it throws, and the outermost handler answers.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBodyLength)
        {
            return null;
        }

        var buffer = new byte[(request.ContentLength ?? MaxBodyLength) + 1];
        var length = 0;
        int read;
        try
        {
            while (length < buffer.Length && (read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
            {
                length += read;
            }
        }
        catch (IOException e) when (e is not BadHttpRequestException) // Each protocol has its own words for a client that left.
        {
            throw new ConnectionResetException("The client left while it was sending.", e);
        }

        return length > MaxBodyLength ? null : buffer.AsMemory(0, length);
    }

    private static (string? Type, bool IsUtf8) MediaType(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0 || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            return (null, false);
        }

        var isUtf8 = !type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase);
        return (type.MediaType.Value?.ToLowerInvariant(), isUtf8);
    }

    private static RequestFields ReadJson(ReadOnlySpan<byte> body, string[] names)
    {
        if (!StrictJson.IsObject(body))
        {
            return new([], ProblemAnswer.InvalidRequest("The body is not one strict JSON object (RFC 8259, UTF-8, no duplicate members)."));
        }

        var fields = new Dictionary<string, FieldValue>(StringComparer.Ordinal);
        var reader = StrictJson.Reader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!names.Contains(name, StringComparer.Ordinal))
            {
                return new([], ProblemAnswer.InvalidRequest($"The body has a member that is none of {string.Join(", ", names)}."));
            }

            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.String:
                    fields.Add(name, FieldValue.OfText(reader.GetString()!));
                    break;

                case JsonTokenType.True or JsonTokenType.False:
                    fields.Add(name, FieldValue.OfFlag(reader.GetBoolean()));
                    break;

                case JsonTokenType.Null:
                    break; // As if it were absent.

                default:
                    return new([], ProblemAnswer.InvalidRequest($"{name} must be a string, or true or false."));
            }
        }

        return new(fields, null);
    }
}
