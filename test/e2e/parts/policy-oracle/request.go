package main

import (
	"bufio"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// attributes is what a policy is asked about, as src/audit/policy/policy.ts has it.
type attributes struct {
	User            *userInfo `json:"user,omitempty"`
	Verb            string    `json:"verb"`
	ResourceRequest bool      `json:"resourceRequest"`
	APIGroup        string    `json:"apiGroup"`
	Namespace       string    `json:"namespace"`
	Resource        string    `json:"resource"`
	Subresource     string    `json:"subresource"`
	Name            string    `json:"name"`
	Path            string    `json:"path"`
}

type userInfo struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups"`
}

func (a *attributes) record() authorizer.Attributes {
	record := authorizer.AttributesRecord{
		Verb:            a.Verb,
		ResourceRequest: a.ResourceRequest,
		APIGroup:        a.APIGroup,
		Namespace:       a.Namespace,
		Resource:        a.Resource,
		Subresource:     a.Subresource,
		Name:            a.Name,
		Path:            a.Path,
	}
	if a.User != nil {
		record.User = &user.DefaultInfo{Name: a.User.Name, Groups: a.User.Groups}
	}
	return record
}

type httpRequest struct {
	Method string `json:"method"`
	URI    string `json:"uri"`
}

type asked struct {
	// Error is the one of the request's first line, or of its path.
	Error string `json:"error,omitempty"`
	*attributes
}

// factory is the one of kube-apiserver (pkg/server/config.go, NewRequestInfoResolver).
var factory = request.RequestInfoFactory{
	APIPrefixes:          sets.NewString("api", "apis"),
	GrouplessAPIPrefixes: sets.NewString("api"),
}

func ask(of httpRequest) asked {
	head := of.Method + " " + of.URI + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
	received, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return asked{Error: err.Error()}
	}
	info, err := infoOf(received)
	if err != nil {
		return asked{Error: err.Error()}
	}
	return asked{attributes: info}
}

func infoOf(received *http.Request) (*attributes, error) {
	info, err := factory.NewRequestInfo(received)
	if err != nil {
		return nil, err
	}
	return &attributes{
		Verb:            info.Verb,
		ResourceRequest: info.IsResourceRequest,
		APIGroup:        info.APIGroup,
		Namespace:       info.Namespace,
		Resource:        info.Resource,
		Subresource:     info.Subresource,
		Name:            info.Name,
		Path:            info.Path,
	}, nil
}
