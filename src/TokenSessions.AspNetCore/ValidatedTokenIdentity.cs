using System.Security.Claims;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The identity made of a validated token. It carries the token, so that user and token cannot come apart.</summary>
/// <remarks>
/// One for each request, so that what one adds to it another never sees. Its claims are built when somebody first asks for more
/// than one of them: most requests never do, and roles and scopes are known without. Many threads may read it at once, the first
/// time as well; changing it is for one alone, as with every identity.
/// </remarks>
internal sealed class ValidatedTokenIdentity : ClaimsIdentity
{
    private volatile bool _areClaimsBuilt;

    // What was handed out before the claims were built, and whose copy that is. Under the lock of Build.
    private Claim? _original;
    private Claim? _copy;

    public ValidatedTokenIdentity(ValidatedToken token, string authenticationType, string nameClaimType, string roleClaimType)
        : base(authenticationType, nameClaimType, roleClaimType) => Token = token;

    private ValidatedTokenIdentity(ValidatedTokenIdentity built)
        : base(built) => (Token, _areClaimsBuilt) = (built.Token, true);

    public ValidatedToken Token { get; }

    /// <summary>False as long as nobody has read or changed the claims.</summary>
    public bool AreClaimsBuilt => _areClaimsBuilt;

    /// <summary>Whatever hands out claims takes them from here.</summary>
    public override IEnumerable<Claim> Claims
    {
        get
        {
            Build();
            return base.Claims;
        }
    }

    /// <summary>Asked for by the constructors that copy an identity, before they reach for its claims past all its members.</summary>
    public override string? AuthenticationType
    {
        get
        {
            Build();
            return base.AuthenticationType;
        }
    }

    public override string? Name => _areClaimsBuilt ? base.Name : ClaimsOfToken.Get(Token).FindFirst(NameClaimType)?.Value;

    /// <summary>Alone, for most ask for the subject and for nothing else.</summary>
    public override Claim? FindFirst(string type)
    {
        if (_areClaimsBuilt)
        {
            return base.FindFirst(type);
        }

        var known = ClaimsOfToken.Get(Token);
        if (known.FindFirst(type) is not { } original)
        {
            return null;
        }

        lock (known)
        {
            if (!_areClaimsBuilt && _original is null)
            {
                (_original, _copy) = (original, original.Clone(this));
            }

            if (!_areClaimsBuilt && _original == original)
            {
                return _copy;
            }
        }

        return base.FindFirst(type);
    }

    /// <summary>Also whether the user is in a role. What hands out no claim needs none of our own.</summary>
    public override bool HasClaim(string type, string value) =>
        _areClaimsBuilt ? base.HasClaim(type, value) : ClaimsOfToken.Get(Token).Has(type, value);

    public override void AddClaim(Claim claim)
    {
        Build();
        base.AddClaim(claim);
    }

    public override void AddClaims(IEnumerable<Claim?> claims)
    {
        Build();
        base.AddClaims(claims);
    }

    public override bool TryRemoveClaim(Claim? claim)
    {
        Build();
        return base.TryRemoveClaim(claim);
    }

    public override void RemoveClaim(Claim? claim)
    {
        Build();
        base.RemoveClaim(claim);
    }

    public override ClaimsIdentity Clone()
    {
        Build();
        return new ValidatedTokenIdentity(this);
    }

    protected override void WriteTo(BinaryWriter writer, byte[]? userData)
    {
        Build();
        base.WriteTo(writer, userData);
    }

    private void Build()
    {
        if (_areClaimsBuilt)
        {
            return;
        }

        var known = ClaimsOfToken.Get(Token);
        lock (known) // Nobody else has it to lock; an object of our own would be one more for each request.
        {
            if (!_areClaimsBuilt)
            {
                foreach (var claim in known.Claims)
                {
                    base.AddClaim(claim == _original ? _copy! : claim); // Else a copy, whose subject is this identity.
                }

                _areClaimsBuilt = true;
            }
        }
    }
}
