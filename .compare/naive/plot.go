package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	red  = color.RGBA{0xc0, 0x39, 0x2b, 0xff}
	blue = color.RGBA{0x0b, 0x5c, 0xad, 0xff}
	grey = color.Gray{0xdd}
)

// A panel is one of the two pictures: what it shows of an outcome, and what it says of it.
type panel struct {
	title string
	value func(outcome) float64
	label string // of the last value
}

// draws writes both pictures side by side: memory, and messages, against the event rate.
func draws(lines map[string][]outcome, seconds float64, file string) error {
	plot.DefaultFont.Variant = "Sans"
	plotter.DefaultFont.Variant = "Sans"
	canvas := vgsvg.New(11*vg.Inch, 4.2*vg.Inch)
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	var row []*plot.Plot
	for _, p := range []panel{
		{"Memory of the client (MiB)", func(o outcome) float64 { return o.memory }, fmt.Sprintf("%%s MiB after %g s", seconds)},
		{"Messages to the host (a second)", func(o outcome) float64 { return o.messages }, "%s a second"},
	} {
		picture, err := p.picture(lines)
		if err != nil {
			return err
		}
		row = append(row, picture)
	}
	const gap = 8 * vg.Millimeter
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: gap, PadTop: gap / 2, PadBottom: gap / 2, PadLeft: gap / 2, PadRight: gap / 2}
	cells := plot.Align([][]*plot.Plot{row}, tiles, all)
	for i, p := range row {
		p.Draw(cells[0][i])
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	const laidOut = "font-family:Liberation Sans"
	return os.WriteFile(file, bytes.ReplaceAll(svg.Bytes(), []byte(laidOut), []byte(laidOut+",Arial,Helvetica,sans-serif")), 0o644)
}

// picture draws both clients, on logarithmic axes. What it says of each stands at its line: above
// the first point of the flat one, at the end of the one that rises.
func (p panel) picture(lines map[string][]outcome) (*plot.Plot, error) {
	naive, folds := p.points(lines[naiveName]), p.points(lines[foldName])
	last := func(points plotter.XYs) string { return fmt.Sprintf(p.label, thousands(points[len(points)-1].Y)) }
	drawn := plot.New()
	drawn.Title.Text = p.title
	drawn.Title.TextStyle.Font.Size, drawn.Title.Padding = vg.Points(15), vg.Points(8)
	drawn.X.Label.Text = "events a second"
	drawn.X.Scale, drawn.Y.Scale = plot.LogScale{}, plot.LogScale{}
	drawn.X.Tick.Marker, drawn.Y.Tick.Marker = decades{}, decades{}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = grey, grey
	drawn.Add(grid)
	if err := addLine(drawn, naive, red); err != nil {
		return nil, err
	}
	if err := addLine(drawn, folds, blue); err != nil {
		return nil, err
	}
	rises := plotter.XY{X: folds[len(folds)-1].X, Y: naive[len(naive)-1].Y}
	if err := addLabel(drawn, rises, naiveName+": "+last(naive), red, -1); err != nil {
		return nil, err
	}
	if err := addLabel(drawn, folds[0], foldName+": "+last(folds), blue, 0); err != nil {
		return nil, err
	}
	// Whole decades, and room for what stands above the highest point.
	drawn.Y.Min = math.Pow(10, math.Floor(math.Log10(drawn.Y.Min*0.9)))
	drawn.X.Min, drawn.X.Max, drawn.Y.Max = drawn.X.Min*0.8, drawn.X.Max*1.25, drawn.Y.Max*2.5
	return drawn, nil
}

func (p panel) points(outcomes []outcome) (points plotter.XYs) {
	for _, o := range outcomes {
		points = append(points, plotter.XY{X: o.rate, Y: max(p.value(o), 0.1)})
	}
	return points
}

func addLine(p *plot.Plot, points plotter.XYs, c color.Color) error {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(3)
	dots.Color, dots.Shape, dots.Radius = c, draw.CircleGlyph{}, vg.Points(3.5)
	p.Add(line, dots)
	return nil
}

// overlay is drawn over a plot, which makes no room for it at its sides.
type overlay struct{ plot.Plotter }

// addLabel writes above a point, to its right (0) or to its left (-1).
func addLabel(p *plot.Plot, at plotter.XY, words string, c color.Color, align float64) error {
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{at}, Labels: []string{words}})
	if err != nil {
		return err
	}
	style := &labels.TextStyle[0]
	style.Color, style.XAlign, style.YAlign = c, text.XAlignment(align), text.YBottom
	style.Font.Size = vg.Points(12)
	// Who looks at it may have wider letters than those it was laid out with.
	labels.Offset = vg.Point{X: vg.Points(45 * align), Y: vg.Points(8)}
	p.Add(overlay{labels})
	return nil
}

// decades marks the powers of ten with their numbers, and between them nothing.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(least, most float64) (ticks []plot.Tick) {
	for v := math.Pow(10, math.Ceil(math.Log10(least)-1e-9)); v <= most; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: thousands(v)})
	}
	return ticks
}

// thousands is a number as people write it, to two digits.
func thousands(v float64) string {
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	switch v = math.Round(v/unit) * unit; {
	case v >= 1e6:
		return fmt.Sprintf("%.3g million", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%g,%03d", math.Floor(v/1e3), int(v)%1000)
	}
	return fmt.Sprintf("%.3g", v)
}
