using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing.Tokens;

/// <summary>Writes access tokens: compact JWS (RFC 7515 §7.1) with the claims of RFC 9068.</summary>
internal sealed class TokenWriter(IssuingMetrics metrics)
{
    /// <summary>Writes and signs one token.</summary>
    /// <param name="token">The claims.</param>
    /// <param name="key">The key that signs.</param>
    /// <param name="type">The <c>typ</c>: <c>at+jwt</c> or <c>JWT</c>.</param>
    /// <param name="cancellationToken">The request's deadline: past it nothing is signed.</param>
    /// <exception cref="SubjectRecordException">The directory's claims make no token.</exception>
    /// <exception cref="SigningKeyUnavailableException">No signature can be had now.</exception>
    public async Task<string> WriteAsync(AccessToken token, ISigningKey key, string type, CancellationToken cancellationToken)
    {
        var payload = Payload(token);
        var input = $"{Header(key, type)}.{StrictBase64Url.Encode(payload)}";
        cancellationToken.ThrowIfCancellationRequested();

        var startedAt = metrics.Now();
        var signature = await key.SignAsync(Encoding.ASCII.GetBytes(input), cancellationToken).ConfigureAwait(false);
        metrics.Signed(key.VerificationKey.Algorithm, startedAt);

        var text = $"{input}.{StrictBase64Url.Encode(signature)}";
        return text.Length <= TokenValidator.MaxTokenLength
            ? text
            : throw new SubjectRecordException($"The access token of {token.Session.Subject} would have {text.Length} characters, more than "
                + $"{TokenValidator.MaxTokenLength}: the directory gives the subject too many roles, scopes or claims "
                + $"({string.Join(", ", token.Subject.Claims.Keys)}).");
    }

    private static byte[] Payload(AccessToken token)
    {
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            using var writer = new Utf8JsonWriter(buffer);
            token.Write(writer);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException) // Invalid Unicode in a name or value.
        {
            throw new SubjectRecordException($"The directory gives {token.Session.Subject} claims that are no JSON.", e);
        }

        // A custom claim may nest too deep or say a name twice: better found here than by every verifier.
        return token.Subject.Claims.Count == 0 || StrictJson.IsObject(buffer.WrittenSpan)
            ? buffer.WrittenSpan.ToArray()
            : throw new SubjectRecordException($"The directory gives {token.Session.Subject} claims that no verifier accepts: "
                + $"names must not repeat, nor values nest deeper than {StrictJson.MaxDepth - 1} levels.");
    }

    /// <summary>Exactly <c>alg</c>, <c>kid</c> and <c>typ</c>, all of them text without escapes.</summary>
    private static string Header(ISigningKey key, string type) => StrictBase64Url.Encode(Encoding.ASCII.GetBytes(
        $$"""{"alg":"{{key.VerificationKey.Algorithm}}","kid":"{{key.VerificationKey.KeyId}}","typ":"{{type}}"}"""));
}
