package console

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// socketTables returns the files in which Linux lists the TCP sockets of a network namespace.
func socketTables() []string { return []string{"/proc/net/tcp", "/proc/net/tcp6"} }

// refusedPeer is the context key of the reason why a connection's requests are refused.
type refusedPeer struct{}

// checkPeer returns the server's ConnContext: it notes once for each connection whether
// another user of this machine opened it.
//
// The tables name the user of each socket (Documentation/networking/proc_net_tcp.rst of
// the kernel). The client's end of a local connection is in one of them: in tcp6 if the
// client has a socket of IPv6.
//
// A connection without such a socket is admitted, because no user of this machine is known
// for it: the client is in another network namespace or a virtual machine that forwards to
// this one, or the system is not Linux. But if a client has reset its connection, the
// console's own end is not listed either, only its listener. That client gets no answer,
// but its request could still change something.
func checkPeer(tables ...string) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		client, server := c.RemoteAddr().(*net.TCPAddr), c.LocalAddr().(*net.TCPAddr)
		uid, found := lookUp(tables, client, server)
		if !found {
			_, listens := lookUp(tables, server, &net.TCPAddr{IP: net.IPv4zero})
			_, open := lookUp(tables, server, client) // after the search for the client's end
			uid, found = closed, listens && !open
		}
		if !found {
			return ctx
		}
		return context.WithValue(ctx, refusedPeer{}, stranger(uid, os.Getuid()))
	}
}

// lookUp returns the user of a socket in the tables that can be read.
func lookUp(tables []string, local, remote *net.TCPAddr) (uid string, found bool) {
	for _, name := range tables {
		table, err := os.Open(name)
		if err != nil {
			continue
		}
		uid, found = owner(table, local, remote)
		table.Close()
		if found {
			break
		}
	}
	return uid, found
}

// refusedBy returns why the requests of a connection are refused, "" if they are not.
func refusedBy(ctx context.Context) string {
	why, _ := ctx.Value(refusedPeer{}).(string)
	return why
}

// stranger returns why a user may not read the console of the user own, "" for own and for
// root, who can read the console's memory.
func stranger(uid string, own int) string {
	if uid == strconv.Itoa(own) || uid == "0" {
		return ""
	}
	return fmt.Sprintf("The user with the id %s opened this page. The console answers only to the user "+
		"who started it, with the id %d. Start your own console.", uid, own)
}

// closed is the user of a socket that its process has closed.
const closed = "unknown"

// owner returns the user of the socket from local to remote in a table of sockets. Several
// sockets can have one local address and port, with different remote ones.
func owner(table io.Reader, local, remote *net.TCPAddr) (uid string, found bool) {
	locals, remotes := tableAddresses(local), tableAddresses(remote)
	for lines := bufio.NewScanner(table); lines.Scan(); {
		// sl local_address rem_address st queues timer retrnsmt uid timeout inode
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || !slices.Contains(locals, fields[1]) || !slices.Contains(remotes, fields[2]) {
			continue
		}
		// The kernel prints user 0 and inode 0 for a socket that is closed, whoever opened
		// it (get_timewait4_sock in net/ipv4/tcp_ipv4.c, sock_i_uid in net/core/sock.c).
		if fields[9] == "0" {
			return closed, true
		}
		return fields[7], true
	}
	return "", false
}

// tableAddresses returns an IPv4 address and port as tcp has them, and mapped to IPv6 as
// tcp6 has them: each word of four bytes in the machine's own order.
func tableAddresses(a *net.TCPAddr) []string {
	mapped := a.IP.To16()
	var words [4]string
	for i := range words {
		words[i] = fmt.Sprintf("%08X", binary.NativeEndian.Uint32(mapped[4*i:]))
	}
	port := fmt.Sprintf(":%04X", a.Port)
	return []string{words[3] + port, strings.Join(words[:], "") + port}
}
