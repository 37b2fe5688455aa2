using TokenSessions.Issuing;
using TokenSessions.Tests.Issuing;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The issuer, asked about a refresh token in every way there is.</summary>
internal static class FuzzedIssuer
{
    /// <summary>Whether it opens the token.</summary>
    /// <exception cref="FuzzFindingException">It is not as it must be, or what was not opened was answered otherwise than as junk.</exception>
    public static async Task<bool> OpensAsync(this IssuerUnderTest issuer, string token, bool mustOpen)
    {
        var isOpened = issuer.Sessions.FindHomeRegion(token) is not null;
        FuzzFindingException.ThrowUnless(isOpened == mustOpen, isOpened ? "What the issuer does not write was opened." : "A good one is not opened.");
        if (isOpened)
        {
            return true;
        }

        var refreshed = (await issuer.RefreshAsync(token)).Rejection;
        var ended = (await issuer.Sessions.EndAsync(token, everywhere: false)).Rejection;
        FuzzFindingException.ThrowUnless(
            refreshed is SessionRejection.RefreshTokenInvalid or SessionRejection.SealingKeyUnknown && ended == refreshed, $"Rejected as {refreshed} and {ended}.");
        FuzzFindingException.ThrowUnless(issuer.Store.Calls.Count == 0, "Junk has reached the store.");
        return false;
    }
}
