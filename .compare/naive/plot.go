package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// drawn are the clients in the order of the legend.
var drawn = []struct {
	name   string
	colour color.Color
}{
	{"one message per event", color.RGBA{0xc0, 0x39, 0x2b, 0xff}},
	{"summarizer", color.RGBA{0x0b, 0x5c, 0xad, 0xff}},
}

// draws writes both pictures side by side: memory, and messages, against the event rate.
func draws(lines map[string][]outcome, file string) error {
	memory, err := picture("memory of the client, MiB", lines, func(o outcome) float64 { return max(o.memory, 0.1) })
	if err != nil {
		return err
	}
	messages, err := picture("messages to the host, a second", lines, func(o outcome) float64 { return max(o.messages, 0.1) })
	if err != nil {
		return err
	}
	canvas := vgsvg.New(10*vg.Inch, 4*vg.Inch)
	const gap = 6 * vg.Millimeter
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: gap, PadTop: gap / 2, PadBottom: gap / 2, PadLeft: gap / 2, PadRight: gap}
	cells := plot.Align([][]*plot.Plot{{memory, messages}}, tiles, draw.New(canvas))
	memory.Draw(cells[0][0])
	messages.Draw(cells[0][1])
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// picture is one of the two, both axes logarithmic.
func picture(title string, lines map[string][]outcome, value func(outcome) float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "events a second"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-4)
	p.Add(plotter.NewGrid())
	for _, d := range drawn {
		var points plotter.XYs
		for _, o := range lines[d.name] {
			points = append(points, plotter.XY{X: o.rate, Y: value(o)})
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color, line.Width = d.colour, d.colour, vg.Points(2)
		p.Add(line, dots)
		p.Legend.Add(d.name, line, dots)
	}
	return p, nil
}
