// Judges notes and proofs of a log with Go's own packages (golang.org/x/mod/sumdb), unmodified.
//
// A line of input is a question, its fields separated by tabs, bytes in hexadecimal digits; a line of
// output is the answer: "ok", "ok" and what was asked for, or "refused" and Go's words.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"judge/note"
	"judge/tlog"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		answer, err := judge(strings.Split(in.Text(), "\t"))
		if err != nil {
			answer = "refused\t" + strconv.Quote(err.Error())
		}
		fmt.Println(answer)
	}
}

func judge(field []string) (string, error) {
	switch field[0] {
	case "note": // key, note
		verifier, err := note.NewVerifier(field[1])
		if err != nil {
			return "", err
		}
		opened, err := note.Open(unhex(field[2]), note.VerifierList(verifier))
		if err != nil {
			return "", err
		}
		return "ok\t" + hex.EncodeToString([]byte(opened.Text)), nil
	case "record": // size, root, index, entry, proof
		leaf := tlog.RecordHash(unhex(field[4]))
		proof := tlog.RecordProof(hashes(field[5]))
		return "ok", tlog.CheckRecord(proof, number(field[1]), hash(field[2]), number(field[3]), leaf)
	case "tree": // newer size, newer root, older size, older root, proof
		proof := tlog.TreeProof(hashes(field[5]))
		return "ok", tlog.CheckTree(proof, number(field[1]), hash(field[2]), number(field[3]), hash(field[4]))
	case "root": // entries: the root of the tree of all
		stored := []tlog.Hash{}
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			found := make([]tlog.Hash, len(indexes))
			for i, index := range indexes {
				found[i] = stored[index]
			}
			return found, nil
		})
		for n, entry := range field[1:] {
			added, err := tlog.StoredHashes(int64(n), unhex(entry), read)
			if err != nil {
				return "", err
			}
			stored = append(stored, added...)
		}
		root, err := tlog.TreeHash(int64(len(field)-1), read)
		return "ok\t" + hex.EncodeToString(root[:]), err
	}
	return "", fmt.Errorf("no such question")
}

func hashes(list string) (all []tlog.Hash) {
	for _, text := range strings.Split(list, ",") {
		if text != "" {
			all = append(all, hash(text))
		}
	}
	return all
}

func hash(text string) (h tlog.Hash) {
	copy(h[:], unhex(text))
	return h
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return bytes
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
