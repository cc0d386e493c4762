package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/apiserver/pkg/audit/policy"
)

type counts struct {
	Events int `json:"events"`
	// PerRule has a number for each rule, in the policy's order.
	PerRule []int   `json:"perRule"`
	None    int     `json:"none"`
	Seconds float64 `json:"seconds"`
}

// replay counts which rule decides about each event, as a program that is written in Go without further ado would:
// for comparisons of speed. The rules are asked one by one until one matches, which is what the evaluator does.
func replay(file string, from io.Reader, to io.Writer) error {
	loaded, err := policy.LoadPolicyFromFile(file)
	if err != nil {
		return err
	}
	rules := ruleEvaluators(loaded)
	counted := counts{PerRule: make([]int, len(rules))}
	started := time.Now()
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	for lines.Scan() {
		var event auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return err
		}
		counted.Events++
		if rule := ruleOf(rules, recorded(&event).record()); rule >= 0 {
			counted.PerRule[rule]++
		} else {
			counted.None++
		}
	}
	counted.Seconds = time.Since(started).Seconds()
	if err := lines.Err(); err != nil {
		return err
	}
	return json.NewEncoder(to).Encode(counted)
}

// recorded is what the policy was asked about when the event was recorded: the event has the verb, and the name of
// what was created, which the policy never saw.
func recorded(event *auditv1.Event) *attributes {
	asked := fromURI(event)
	if asked == nil {
		asked = fromObject(event)
	}
	asked.Verb = event.Verb
	if event.User.Username != "" {
		asked.User = &userInfo{event.User.Username, event.User.Groups}
	}
	return asked
}

func fromURI(event *auditv1.Event) *attributes {
	parsed, err := url.ParseRequestURI(event.RequestURI)
	if err != nil {
		return nil
	}
	asking := &http.Request{Method: http.MethodPost, URL: parsed}
	if event.Verb == "list" || event.Verb == "watch" {
		asking.Method = http.MethodGet // the name may be in the query
	}
	asked, err := infoOf(asking)
	if err != nil {
		return nil
	}
	return asked
}

func fromObject(event *auditv1.Event) *attributes {
	object := event.ObjectRef
	if object == nil {
		return &attributes{}
	}
	asked := &attributes{
		ResourceRequest: true,
		APIGroup:        object.APIGroup,
		Namespace:       object.Namespace,
		Resource:        object.Resource,
		Subresource:     object.Subresource,
		Name:            object.Name,
	}
	if event.Verb == "create" && object.Subresource == "" {
		asked.Name = ""
	}
	return asked
}
