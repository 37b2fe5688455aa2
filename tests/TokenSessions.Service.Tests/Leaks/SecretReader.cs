using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>Finds the secrets in requests, in answers, and in the files of keys and users.</summary>
/// <remarks>A secret in a query is not learnt: where a client puts one there, whatever writes down addresses has it.</remarks>
internal static partial class SecretReader
{
    /// <summary>Learns the secrets of a request.</summary>
    /// <param name="secrets">Learns.</param>
    /// <param name="headers">All lines of those that carry credentials.</param>
    /// <param name="body">JSON or a form.</param>
    public static void AddSent(this Secrets secrets, IEnumerable<string?> headers, string body)
    {
        foreach (var header in headers)
        {
            Array.ForEach(Words().Split(header ?? ""), secrets.Add);
        }

        secrets.AddAnswered(body);
    }

    /// <inheritdoc cref="AddSent(Secrets, IEnumerable{string}, string)"/>
    public static async Task AddSentAsync(this Secrets secrets, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string?[] headers = [request.Headers.Authorization?.Parameter, .. ValuesOf(request.Headers, "Cookie")];
        secrets.AddSent(headers, request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : "");
    }

    /// <summary>Learns the tokens that an answer hands out.</summary>
    /// <returns>The answer without them.</returns>
    public static string AddAnswered(this Secrets secrets, string body) => Fields().Replace(body, match =>
    {
        var value = match.Groups["value"].Value;
        var secret = match.Value.StartsWith('"') ? Unescape(value) : Uri.UnescapeDataString(value.Replace('+', ' '));
        secrets.Add(secret);
        if (match.Groups["name"].Value == "password") // Bytes are often written down so; all else is base64 already.
        {
            var bytes = Encoding.UTF8.GetBytes(secret);
            secrets.Add(Convert.ToBase64String(bytes).TrimEnd('='));
            secrets.Add(Base64Url.EncodeToString(bytes));
        }

        return "";
    });

    /// <summary>What an answer says, also inside of documents that the issuer signs: the feed names sessions, and so do tokens.</summary>
    public static string Readable(string body) => Signed().Replace(body, match =>
    {
        var content = match.Groups["content"];
        return Base64Url.IsValid(content.Value)
            ? body[match.Index..content.Index] + Encoding.UTF8.GetString(Base64Url.DecodeFromChars(content.Value))
                + body[(content.Index + content.Length)..(match.Index + match.Length)]
            : match.Value;
    });

    /// <summary>Learns the private keys, wrapped or not, and the password hashes in the files of a directory and those below it.</summary>
    public static void AddFiles(this Secrets secrets, DirectoryInfo directory)
    {
        var files = directory.Exists ? directory.GetFiles("*", SearchOption.AllDirectories) : [];
        foreach (var file in files.Where(file => file.Extension is not (".lock" or ".owner"))) // Whoever has them may be about to end.
        {
            foreach (Match match in KeptSecrets().Matches(File.ReadAllText(file.FullName)))
            {
                secrets.Add(Unescape(match.Groups["value"].Value));
            }
        }
    }

    /// <summary>What a JSON string says; if it is broken, as it stands.</summary>
    private static string Unescape(string value)
    {
        try
        {
            return JsonSerializer.Deserialize<string>($"\"{value}\"")!;
        }
        catch (JsonException)
        {
            return value;
        }
    }

    private static IEnumerable<string> ValuesOf(HttpRequestHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.Select(value => value[(value.IndexOf('=', StringComparison.Ordinal) + 1)..]) : [];

    [GeneratedRegex("""
        "(?<name>password|access_token|refresh_token|token|client_secret)"\s*:\s*"(?<value>(?:[^"\\]|\\.)*)"|(?<=^|&)(?<name>password|access_token|refresh_token|token|client_secret)=(?<value>[^&]*)
        """)]
    private static partial Regex Fields();

    [GeneratedRegex("[ \t,;\"=]+")]
    private static partial Regex Words();

    /// <summary>A compact JWS (RFC 7515 §7.1).</summary>
    [GeneratedRegex(@"eyJ[\w-]*\.(?<content>[\w-]+)\.[\w-]+")]
    private static partial Regex Signed();

    /// <summary>Members of key rings and users files; a line that is nothing but base64, as of a key in PEM.</summary>
    [GeneratedRegex("""
        "(?:wrapped|password_hash)"\s*:\s*"(?<value>[^"]*)"|^(?<value>[\w+/=-]{16,})\r?$
        """, RegexOptions.Multiline)]
    private static partial Regex KeptSecrets();
}
