using System.Net;
using System.Net.Sockets;

namespace TokenSessions.Service.Sessions;

/// <summary>Slows down guessing: failed logins are limited per account, known or not, per address, and tightly per both.</summary>
/// <remarks>
/// A limit of the account alone lets anyone keep its owner out. So the tight one holds for an account from one address, and the
/// one for an account from everywhere is so loose that it takes more than ten addresses, failing all the time, to keep it shut.
/// </remarks>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Failures of one account at once, from one address.</summary>
    public const int PairBurst = 20;

    /// <summary>Failures of one account at once, from all addresses.</summary>
    public const int AccountBurst = 200;

    /// <summary>Failures of one address at once: an office may stand behind it.</summary>
    public const int AddressBurst = 100;

    /// <summary>After the burst, one failure of an account from an address is forgiven every so often.</summary>
    public static readonly TimeSpan PairInterval = TimeSpan.FromSeconds(10);

    /// <summary>After the burst, one failure of an account is forgiven every so often.</summary>
    public static readonly TimeSpan AccountInterval = TimeSpan.FromSeconds(1);

    /// <summary>After the burst, one failure of an address is forgiven every so often.</summary>
    public static readonly TimeSpan AddressInterval = TimeSpan.FromSeconds(1);

    private const int NetworkLength = 8; // An IPv6 customer has at least a /64.

    private readonly FailureLimit _pairs = new(PairBurst, PairInterval, time);
    private readonly FailureLimit _accounts = new(AccountBurst, AccountInterval, time);
    private readonly FailureLimit _addresses = new(AddressBurst, AddressInterval, time);

    /// <summary>How long to wait before the next attempt; zero for not at all.</summary>
    public TimeSpan Wait(string account, IPAddress? address)
    {
        var network = Network(address);
        TimeSpan[] waits = [_pairs.Wait(Pair(account, network)), _accounts.Wait(account), _addresses.Wait(network)];
        return waits.Max();
    }

    /// <summary>Counts a failed login.</summary>
    public void CountFailure(string account, IPAddress? address)
    {
        var network = Network(address);
        _addresses.Count(network);

        // What one address sends side by side may all be let in: beyond its own limit it does not use up everybody's.
        if (_pairs.Count(Pair(account, network)))
        {
            _accounts.Count(account);
        }
    }

    private static string Pair(string account, string network) => $"{network} {account}"; // A network has no space.

    private static string Network(IPAddress? address)
    {
        if (address is null)
        {
            return "";
        }

        return address switch
        {
            { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
            { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, NetworkLength)),
            _ => address.ToString(),
        };
    }
}
