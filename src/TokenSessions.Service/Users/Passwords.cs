using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace TokenSessions.Service.Users;

/// <summary>Hashes and checks passwords as ASP.NET Core Identity does: PBKDF2 with HMAC-SHA-512, format 3.</summary>
internal static class Passwords
{
    /// <summary>The longest password, in bytes of UTF-8: hashing must not be a way to waste memory.</summary>
    public const int MaxLength = 1024;

    /// <summary>The shortest password of a new user, in characters (NIST SP 800-63B §3.1.1.2 wants 8 at least).</summary>
    public const int MinLength = 8;

    // The least PBKDF2 rounds accepted, as OWASP's Password Storage Cheat Sheet asks of each; new hashes have those of HMAC-SHA-512.
    private const int Iterations = 210_000;
    private const int IterationsOfSha256 = 600_000;
    private const int MaxIterations = 10_000_000; // About 5 s of a core: a typing error must not stop every login.
    private const byte FormatMarker = 1;
    private const uint HmacSha256 = 1;
    private const uint HmacSha512 = 2;
    private const int PrfOffset = 1;
    private const int IterationsOffset = 5;
    private const int SaltLengthOffset = 9;
    private const int HeaderLength = 13;
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int MinHashLength = 16;
    private const int MaxDecodedLength = 256;

    /// <summary>What a new hash costs.</summary>
    public static readonly HashCost Cost = new(HmacSha512, Iterations, SaltLength, HashLength);

    private static readonly PasswordHasher<User> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    /// <summary>What is asked of a new password's length.</summary>
    public static readonly string LengthProblem = $"must have at least {MinLength} characters and at most {MaxLength} bytes of UTF-8.";

    /// <summary>Why this cannot be a new password, or null: what is accepted here, a login accepts too.</summary>
    public static string? Problem(string password)
    {
        var bytes = Encoding.UTF8.GetBytes(password);
        if (password.Length < MinLength || bytes.Length > MaxLength)
        {
            return LengthProblem;
        }

        // What is not well-formed would come back with other characters: another password would open the account.
        return password.Any(char.IsControl) || Encoding.UTF8.GetString(bytes) != password
            ? "must be well-formed text without control characters."
            : null;
    }

    /// <summary>The hash of a new password, with a salt of its own.</summary>
    public static string Hash(string password) => Hasher.HashPassword(null!, password);

    /// <summary>Whether the password is the one behind the hash. Takes about a tenth of a second of a core.</summary>
    public static bool IsMatch(string hash, string password) =>
        Hasher.VerifyHashedPassword(null!, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>What a hash costs, or null and why it cannot be used.</summary>
    public static HashCost? FindCost(string hash, out string problem)
    {
        var bytes = new byte[MaxDecodedLength];
        problem = "is no password hash of ASP.NET Core Identity, format 3.";
        if (!Convert.TryFromBase64String(hash, bytes, out var length) || length < HeaderLength || bytes[0] != FormatMarker)
        {
            return null;
        }

        var prf = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(PrfOffset));
        var iterations = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(IterationsOffset));
        var saltLength = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(SaltLengthOffset));
        if (prf is not (HmacSha256 or HmacSha512) || saltLength < SaltLength || length - HeaderLength - (long)saltLength < MinHashLength)
        {
            return null;
        }

        var (least, name) = prf == HmacSha512 ? (Iterations, "HMAC-SHA-512") : (IterationsOfSha256, "HMAC-SHA-256");
        if (iterations < least || iterations > MaxIterations)
        {
            problem = $"has {iterations} rounds of PBKDF2 with {name}, but must have {least} to {MaxIterations}.";
            return null;
        }

        problem = "";
        return new(prf, (int)iterations, (int)saltLength, length - HeaderLength - (int)saltLength);
    }

    /// <summary>A hash that no password matches and that costs this much to check: for names nobody has.</summary>
    public static string Decoy(HashCost cost)
    {
        var bytes = RandomNumberGenerator.GetBytes(HeaderLength + cost.SaltLength + cost.HashLength);
        bytes[0] = FormatMarker;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(PrfOffset), cost.Prf);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(IterationsOffset), cost.Iterations);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(SaltLengthOffset), cost.SaltLength);
        return Convert.ToBase64String(bytes);
    }
}

/// <summary>All that the time of a check depends on.</summary>
/// <param name="Prf">The number of the keyed hash, as format 3 has it.</param>
/// <param name="Iterations">The rounds of PBKDF2.</param>
/// <param name="SaltLength">In bytes.</param>
/// <param name="HashLength">In bytes. What is longer than the keyed hash's own output takes all rounds again.</param>
internal readonly record struct HashCost(uint Prf, int Iterations, int SaltLength, int HashLength);
