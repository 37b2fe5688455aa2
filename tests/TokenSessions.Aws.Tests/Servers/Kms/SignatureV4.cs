using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>Checks AWS Signature Version 4 of a <c>POST /</c> against the credentials of these tests.</summary>
internal static class SignatureV4
{
    private const string Scheme = "AWS4-HMAC-SHA256 ";

    private static readonly ConcurrentDictionary<string, byte[]> SigningKeys = new();

    /// <summary>Checks the signature.</summary>
    /// <returns>The region the request was signed for.</returns>
    /// <exception cref="KmsException">There is no signature, or it is not ours.</exception>
    public static string Verify(HttpRequest request, ReadOnlySpan<byte> body)
    {
        var authorization = request.Headers.Authorization.ToString();
        var date = request.Headers["x-amz-date"].ToString();
        if (!authorization.StartsWith(Scheme, StringComparison.Ordinal) || date.Length == 0)
        {
            throw new KmsException("MissingAuthenticationTokenException", "Missing Authentication Token");
        }

        var parts = authorization[Scheme.Length..].Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[^1], StringComparer.Ordinal);
        var credential = parts.GetValueOrDefault("Credential", "").Split('/', 2);
        var scope = credential[^1].Split('/');
        if (scope is not [_, var region, "kms", "aws4_request"] || !date.StartsWith(scope[0], StringComparison.Ordinal))
        {
            throw new KmsException("IncompleteSignatureException", "The credential is not scoped to kms.");
        }

        if (credential[0] != TestCredentials.AccessKey)
        {
            throw new KmsException("UnrecognizedClientException", "The security token included in the request is invalid.");
        }

        var signedHeaders = parts.GetValueOrDefault("SignedHeaders", "");
        var canonical = Encoding.UTF8.GetBytes(Canonical(request, signedHeaders, body));
        var toSign = $"AWS4-HMAC-SHA256\n{date}\n{credential[^1]}\n{Hex(canonical)}";
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(SigningKey(scope[0], region), Encoding.UTF8.GetBytes(toSign)));
        return expected == parts.GetValueOrDefault("Signature")
            ? region
            : throw new KmsException("InvalidSignatureException", "The signature does not match the one calculated here.");
    }

    private static string Canonical(HttpRequest request, string signedHeaders, ReadOnlySpan<byte> body)
    {
        var canonical = new StringBuilder("POST\n/\n\n");
        foreach (var name in signedHeaders.Split(';'))
        {
            canonical.Append(name).Append(':').Append(request.Headers[name].ToString().Trim()).Append('\n');
        }

        return canonical.Append('\n').Append(signedHeaders).Append('\n').Append(Hex(body)).ToString();
    }

    private static byte[] SigningKey(string day, string region) => SigningKeys.GetOrAdd($"{day}/{region}", _ =>
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + TestCredentials.SecretKey);
        foreach (var part in new[] { day, region, "kms", "aws4_request" })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return key;
    });

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
