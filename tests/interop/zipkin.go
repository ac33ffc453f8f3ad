// Reads spans on stdin with the Zipkin project's own library for Go, and writes what it understood.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/openzipkin/zipkin-go/model"
)

func main() {
	var spans []model.SpanModel
	if err := json.NewDecoder(os.Stdin).Decode(&spans); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(spans); err != nil {
		log.Fatal(err)
	}
}
