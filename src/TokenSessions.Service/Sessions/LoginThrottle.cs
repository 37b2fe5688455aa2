using System.Net;
using System.Net.Sockets;

namespace TokenSessions.Service.Sessions;

/// <summary>Slows down guessing: failed logins are limited per account, known or not, and per address.</summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Failures of one account at once.</summary>
    public const int AccountBurst = 20;

    /// <summary>Failures of one address at once: an office may stand behind it.</summary>
    public const int AddressBurst = 100;

    /// <summary>After the burst, one failure of an account is forgiven every so often.</summary>
    public static readonly TimeSpan AccountInterval = TimeSpan.FromSeconds(10);

    /// <summary>After the burst, one failure of an address is forgiven every so often.</summary>
    public static readonly TimeSpan AddressInterval = TimeSpan.FromSeconds(1);

    private const int NetworkLength = 8; // An IPv6 customer has at least a /64.

    private readonly FailureLimit _accounts = new(AccountBurst, AccountInterval, time);
    private readonly FailureLimit _addresses = new(AddressBurst, AddressInterval, time);

    /// <summary>How long to wait before the next attempt; zero for not at all.</summary>
    public TimeSpan Wait(string account, IPAddress? address)
    {
        var forAccount = _accounts.Wait(account);
        var forAddress = _addresses.Wait(Network(address));
        return forAccount > forAddress ? forAccount : forAddress;
    }

    /// <summary>Counts a failed login.</summary>
    public void CountFailure(string account, IPAddress? address)
    {
        _accounts.Count(account);
        _addresses.Count(Network(address));
    }

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
