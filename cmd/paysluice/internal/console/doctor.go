package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
)

// examineTimeout bounds an examination, which makes some hundred calls.
const examineTimeout = 90 * time.Second

// doctorData has the fields of the doctor's page.
type doctorData struct {
	Examined  bool
	Took      time.Duration
	Found     []doctor.Result // with findings
	Bad       int             // checks that found something wrong
	Unchecked int             // checks that could not be made, or not completely
	Good      []doctor.Result
	Skipped   []doctor.Result
	Problem   *problem
	Command   string
}

// doctor shows what is wrong with the deployment. It examines the stack only when it
// is asked to, because each URL receives a request.
func (s *Server) doctor(r *http.Request) (view, error) {
	data := doctorData{Examined: r.URL.Query().Has("examine"), Command: "paysluice doctor"}
	if data.Examined {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), examineTimeout)
		defer cancel()
		begin := s.Now()
		results, err := s.Examine(ctx)
		if err != nil {
			data.Problem = newProblem(limited{err, examineTimeout})
		}
		data.Took = s.Now().Sub(begin)
		for _, result := range results {
			switch {
			case len(result.Findings) > 0:
				data.Found = append(data.Found, result)
				data.count(result.Findings)
			case result.Skipped != "":
				data.Skipped = append(data.Skipped, result)
			default:
				data.Good = append(data.Good, result)
			}
		}
	}
	return view{page: "doctor", title: "Doctor", data: data}, nil
}

// count counts a check with findings.
func (d *doctorData) count(found []doctor.Finding) {
	unknown := func(f doctor.Finding) bool { return f.Severity == doctor.Unknown }
	known := func(f doctor.Finding) bool { return !unknown(f) }
	if slices.ContainsFunc(found, known) {
		d.Bad++
	}
	if slices.ContainsFunc(found, unknown) {
		d.Unchecked++
	}
}
