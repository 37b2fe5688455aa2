using System.Text.Json;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

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
    /// <remarks>Under a local key it completes synchronously, and allocates little more than the token.</remarks>
    public async ValueTask<string> WriteAsync(AccessToken token, ISigningKey key, string type, CancellationToken cancellationToken)
    {
        using var text = new TokenText();
        WriteHeader(text, key.VerificationKey, type);
        text.Append("."u8);
        WritePayload(text, token);
        cancellationToken.ThrowIfCancellationRequested();

        var startedAt = metrics.Now();
        var inputLength = text.Length;
        if (key is LocalSigningKey local)
        {
            text.Append("."u8);
            var room = text.GetSpan(LocalSigningKey.MaxSignatureLength);
            text.Advance(local.Sign(text.Written[..inputLength], room));
        }
        else
        {
            // Bytes of its own: whoever signs elsewhere may go on reading them after it has given up.
            var signature = await key.SignAsync(text.Written.ToArray(), cancellationToken).ConfigureAwait(false);
            text.Append("."u8);
            text.Append(signature);
        }

        metrics.Signed(key.VerificationKey.Algorithm, startedAt);
        text.EncodeFrom(inputLength + 1);
        return text.Length <= TokenValidator.MaxTokenLength
            ? text.ToString()
            : throw new SubjectRecordException($"The access token of {token.Session.Subject} would have {text.Length} characters, more than "
                + $"{TokenValidator.MaxTokenLength}: the directory gives the subject too many roles, scopes or claims "
                + $"({string.Join(", ", token.Subject.Claims.Keys)}).");
    }

    private static void WritePayload(TokenText text, AccessToken token)
    {
        var start = text.Length;
        try
        {
            using var writer = new Utf8JsonWriter(text);
            token.Write(writer);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException) // Invalid Unicode in a name or value.
        {
            throw new SubjectRecordException($"The directory gives {token.Session.Subject} claims that are no JSON.", e);
        }

        // A custom claim may nest too deep or say a name twice: better found here than by every verifier.
        if (token.Subject.Claims.Count > 0 && !StrictJson.IsObject(text.Written[start..]))
        {
            throw new SubjectRecordException($"The directory gives {token.Session.Subject} claims that no verifier accepts: "
                + $"names must not repeat, nor values nest deeper than {StrictJson.MaxDepth - 1} levels.");
        }

        text.EncodeFrom(start);
    }

    /// <summary>Exactly <c>alg</c>, <c>kid</c> and <c>typ</c>, all of them text without escapes.</summary>
    private static void WriteHeader(TokenText text, VerificationKey key, string type)
    {
        text.Append("{\"alg\":\""u8);
        text.Append(key.Algorithm.Name);
        text.Append("\",\"kid\":\""u8);
        text.Append(key.KeyId);
        text.Append("\",\"typ\":\""u8);
        text.Append(type);
        text.Append("\"}"u8);
        text.EncodeFrom(0);
    }
}
