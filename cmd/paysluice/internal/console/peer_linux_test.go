package console

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sockets are lines of /proc/net/tcp and tcp6 of Linux 6.18, on a little-endian machine.
const sockets = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000004 00:00000000 00000000     0        0 5451911 5 00000000e2260daa 100 0 0 10 0
  38: 0100007F:1F90 0100007F:BD76 01 00000000:00000000 00:00000000 00000000     0        0 0 1 00000000d64978c6 20 0 0 10 -1
 175: 0100007F:BD76 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 5451912 2 00000000456e1883 20 0 0 10 -1
 176: 0100007F:BD80 0100007F:1F90 01 00000000:00000000 00:00000000 00000000 65534        0 5451913 2 0000000066711f25 20 0 0 10 -1
 178: 0100007F:BD92 0100007F:1F90 05 00000000:00000000 03:0000176F 00000000     0        0 0 3 00000000ba9d3c57
 180: 0100007F:BD94 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1000        0 5451916 2 0000000066711f26 20 0 0 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:BD84 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000 65534        0 5451914 2 00000000a43fafd8 20 0 0 10 -1
`

func TestOwnerOfASocket(t *testing.T) {
	loopback := func(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1).To4(), Port: port} }
	for _, row := range []struct {
		why   string
		port  int // of the client
		uid   string
		found bool
	}{
		{"the console's user", 0xBD76, "1000", true},
		{"another user", 0xBD80, "65534", true},
		{"another user, by a socket of IPv6", 0xBD84, "65534", true},
		{"another user who closed the socket: not root, whom the kernel names", 0xBD92, closed, true},
		{"a socket with the same address and another peer", 0xBD94, "", false},
		{"a forwarded connection", 0xBD98, "", false},
	} {
		uid, found := owner(strings.NewReader(sockets), loopback(row.port), loopback(0x1F90))
		assert.Equal(t, row.uid, uid, row.why)
		assert.Equal(t, row.found, found, row.why)
	}
}

func TestStrangers(t *testing.T) {
	assert.Empty(t, stranger("1000", 1000))
	assert.Empty(t, stranger("0", 1000), "root can read the console's memory")
	assert.Contains(t, stranger("1001", 1000), "The user with the id 1001 opened this page.")
	assert.Contains(t, stranger("1000", 0), "with the id 0", "a console of root is root's")
	assert.NotEmpty(t, stranger(closed, 1000))
}

// connect returns both ends of a connection. Its listener stays open.
func connect(t *testing.T) (client, accepted *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	dialed, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	end, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close(); dialed.Close(); end.Close() })
	return dialed.(*net.TCPConn), end.(*net.TCPConn)
}

func TestPeersOfConnections(t *testing.T) {
	client, accepted := connect(t)
	line := func(local, remote net.Addr, uid string) string {
		return fmt.Sprintf("1: %s %s 01 0:0 0:0 0 %s 0 7\n", tableAddresses(local.(*net.TCPAddr))[1], tableAddresses(remote.(*net.TCPAddr))[1], uid)
	}
	listens := line(accepted.LocalAddr(), &net.TCPAddr{IP: net.IPv4zero}, "0")
	open := line(accepted.LocalAddr(), client.LocalAddr(), "0")
	for _, row := range []struct{ why, table, says string }{
		{"another user", listens + open + line(client.LocalAddr(), client.RemoteAddr(), "65533"), "id 65533"},
		{"root", listens + open + line(client.LocalAddr(), client.RemoteAddr(), "0"), ""},
		{"a forwarded connection", listens + open, ""},
		{"a connection that was reset", listens, "id " + closed},
		{"a system that lists no sockets", "", ""},
	} {
		table := filepath.Join(t.TempDir(), "tcp")
		require.NoError(t, os.WriteFile(table, []byte(row.table), 0o600))
		why := refusedBy(checkPeer("none", table)(t.Context(), accepted))
		assert.Equal(t, row.says != "", why != "", row.why)
		assert.Contains(t, why, row.says, row.why)
	}

	uid, found := lookUp(socketTables(), client.LocalAddr().(*net.TCPAddr), client.RemoteAddr().(*net.TCPAddr))
	assert.True(t, found)
	assert.Equal(t, strconv.Itoa(os.Getuid()), uid)
	check := checkPeer(socketTables()...)
	assert.Empty(t, refusedBy(check(t.Context(), accepted)))
	require.NoError(t, client.SetLinger(0)) // the end is a reset
	require.NoError(t, client.Close())
	assert.Eventually(t, func() bool { return refusedBy(check(t.Context(), accepted)) != "" }, time.Minute, time.Millisecond)
}

// Another user with the link neither reads a page nor uses the link up.
func TestAnotherUserIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	s := listen(t, &world{})
	go func() { _ = s.Serve(t.Context()) }()
	link := s.Link()
	target, err := url.Parse(link)
	require.NoError(t, err)
	other := exec.CommandContext(t.Context(), "bash", "-c", `exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&3 && cat <&3`,
		"-", target.Port(), target.RequestURI())
	other.Dir = "/"
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	answer, err := other.CombinedOutput()
	require.NoError(t, err, "%s", answer)
	assert.Contains(t, string(answer), " 403 Forbidden")
	assert.Contains(t, string(answer), "The user with the id 65534 opened this page.")
	assert.NotContains(t, string(answer), s.guard.session)

	own, err := http.Get(link)
	require.NoError(t, err)
	own.Body.Close()
	assert.Equal(t, http.StatusOK, own.StatusCode, "the link is still good")
}
